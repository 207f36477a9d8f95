//! What a channel brings goes to providers without personal data, where the tenant's settings say so.

use pytake_assistant::channel::Attachment;
use serde_json::json;

use crate::world::{World, reply, written};

const EMAIL: &str = "ana.costa@correio.example";

#[tokio::test]
async fn of_a_burst_neither_the_data_nor_the_pictures_are_sent() {
    let world = World::saying(&[&reply("Oi, [NAME_1]! Mando para [EMAIL_1].", "continue", &json!({}))]);
    for hides in [true, false] {
        world.memory.settings.lock().privacy.masks_personal_data = hides;
        *world.memory.version.lock() += 1;
        let mut burst =
            world.burst(&["oi", &format!("esse aqui, mande para {EMAIL}"), &format!("repito: {EMAIL}")]);
        burst.context.insert("customer_name".to_owned(), json!("Ana Costa"));
        let bytes = bytes::Bytes::from_static(b"\x89PNG");
        burst.images.push(Attachment { mime_type: "image/png".to_owned(), bytes });
        let answered = written(world.assistant.answer(&world.tenant, burst).await);
        let prompt = world.last_prompt().concat();
        let pictures: usize = world
            .speaker
            .asked
            .lock()
            .last()
            .unwrap()
            .messages
            .iter()
            .map(|message| message.images.len())
            .sum();
        if hides {
            assert_eq!(answered.response, format!("Oi, Ana! Mando para {EMAIL}."));
            assert!(
                !prompt.contains(EMAIL) && !prompt.contains("Ana") && !prompt.contains("picture"),
                "{prompt}"
            );
            assert_eq!((pictures, prompt.matches("[EMAIL_1]").count()), (0, 2), "{prompt}");
            let trail = world.last_turn().exchange.unwrap().answer.unwrap().answer.unwrap().trail;
            let step = trail.steps.iter().find(|step| step.step == "mask").unwrap();
            assert_eq!(step.found, "hidden: email 1, name 2; pictures not sent: 1");
        } else {
            assert!(prompt.contains(EMAIL) && pictures == 1, "{prompt}");
        }
    }
}
