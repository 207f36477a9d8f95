//! Counts over texts written for the purpose: what customers, shops and programs send.

use pytake_tokenizer::count;

use crate::expected;

const TEXTS: &[&str] = &[
    // Portuguese
    "Oi, boa tarde! Queria saber se vocês entregam em São Luís do Paraitinga, e quanto fica o frete.",
    "to esperando desde ontem e NADA... vcs vão resolver ou eu vou ter q ir no procon????",
    "Não consegui pagar no Pix: a chave 11.222.333/0001-81 deu «inválida» às 14h35 (R$ 1.249,90).",
    "KKKKKKKKKKK mt bom 😂😂 obgdaaaaa 🙏🏽❤️",
    "PRECISO DO MEU PEDIDO Nº 00482913-7 ATÉ AMANHÃ, É PRA MINHA MÃE!!!",
    "d'água, pau-d'arco, copo d’água, Sant'Ana, D'ÁVILA",
    // Spanish
    "¡Hola! ¿Me pueden decir si el talle 38 está disponible en color añil? ¡Gracias, eh!",
    "Buenas, ya van tres días y el paquete sigue «en tránsito»; ¿a quién le reclamo?",
    "Quiero hablar con una persona, no con un bot. Mi DNI es 30.123.456 y mi cel +54 9 11 5555-0101",
    // English, contractions in both apostrophes and all cases
    "I'm sure they've said we'll get it; she'd know, it's what you're paid for and he can't.",
    "I’m sure they’ve said we’ll get it; she’d know, it’s what you’re paid for and he can’t.",
    "I'M SURE THEY'VE SAID WE'LL GET IT, SHE'D KNOW, IT'S WHAT YOU'RE PAID FOR, HE CAN'T",
    "'tis the dog's 're-entry' o'clock rock'n'roll 'S 'T x'ſ y's's z'rex",
    // Case
    "iPhone15ProMax eBay McDonald NASAs HTTPServer XMLHttpRequest snake_case SCREAMING_CASE aBcDeF ǅungla ﬁm",
    // Emoji and symbols
    "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽👍🏿 🇧🇷🇦🇷🇺🇸 1️⃣2️⃣ ☎️ ™ © → ∑ ≠ ½ ⅷ ² ٣٤٥ १२३ ①②③ 𝟙𝟚𝟛",
    // Other scripts
    "您好,请问这个商品什么时候发货?我已经等了三天了。谢谢!",
    "注文番号12345の配送状況を教えてください。よろしくお願いします。カタカナもー。",
    "안녕하세요, 주문한 상품이 아직 도착하지 않았어요.",
    "مرحبًا، أين طلبي رقم ٤٨٢٩؟ لم يصل بعد! السَّلَامُ عَلَيْكُمْ",
    "שלום, איפה ההזמנה שלי? עֲבוֹדָה",
    "नमस्ते, मेरा ऑर्डर कहाँ है? क्षत्रिय",
    "สวัสดีครับ สินค้าที่สั่งไว้ยังไม่มาเลยครับ",
    "Здравствуйте! Где мой заказ №4829? СПАСИБО, жду ОТВЕТА",
    "Γειά σας, πού είναι η παραγγελία μου; ΕΥΧΑΡΙΣΤΏ",
    // Combining marks, composed and not, first and alone
    "café cafe\u{301} CAFE\u{301} \u{301}abc \u{301}ABC \u{301} !\u{301}\u{302} n\u{303}a Z̸̢̛͝a̷l̴g̶o̵",
    // Code, JSON, markup, links
    "fn main() {\n    let x: Vec<u32> = (0..10).map(|i| i * 2).collect();\n\n\n    println!(\"{x:?}\"); // ok\n}\n",
    "def f(a, *, b=None):\n\tif a != b:\n\t\treturn {'k': [1, 2, 3]}\n\n\nclass X(object):\n\tpass",
    "SELECT id, name FROM customers WHERE created_at >= '2024-01-01' AND NOT deleted ORDER BY 1;--",
    r#"{"id":"wamid.HBgNNTUxMTk5","type":"text","text":{"body":"Ol\u00e1!"},"n":[-1.5e10,null,true]}"#,
    "<div class=\"card\"><a href='https://exemplo.com.br/p?id=42&ref=zap#topo'>Ver</a></div><!-- -->",
    "https://wa.me/5511999990000?text=Oi%20quero%20saber  ftp://a.b/c//d///e",
    "## Título\n\n- **um**\n- _dois_\n  1. três\n\n| a | b |\n|---|---|\n```rust\nx\n```",
    // White space and line ends
    "linha um\r\nlinha dois\r\n\r\n\r\n  recuo\r\n\t\ttab \r \n fim   ",
    "a  b   c    d \u{a0}e\u{3000}f\u{2009}\u{2009}g\u{85}h\u{2028}i\u{200b}j\u{feff}k",
    "   ",
    "\n\n\n",
    " \n \n x",
    "\t\t\t\n\t",
    // Digits
    "1 12 123 1234 12345 123456789012345678901234567890 3.14159 1,000,000 0x1F 1e-9 2024-12-31T23:59:59Z",
    // Punctuation
    "!!! ... ?!?! ---- ====== /// //\n/ \\\\ #### @@ $$ %%% ^^ &&& *** (((( )))) [[ ]] {{ }} ~~ `` || <<>>",
    "a!/\n/\r\nb ,/ /c",
    // Controls and names of special tokens
    "\0\u{1}\u{7f}\u{9f}\u{fffd}\u{10ffff}",
    "<|endoftext|><|im_start|>system<|endofprompt|>",
];

#[test]
fn counts_of_single_texts_are_those_of_bpe_openai() {
    for text in TEXTS {
        assert_eq!(count(text), expected(text), "{text:?}");
    }
}

#[test]
fn counts_of_texts_joined_are_those_of_bpe_openai() {
    for separator in ["", " ", "\n", "\r\n\r\n", "  \n", "'", "/"] {
        let text = TEXTS.join(separator);
        assert_eq!(count(&text), expected(&text), "joined by {separator:?}");
    }
}

#[test]
fn counts_of_every_part_of_a_text_are_those_of_bpe_openai() {
    let text = TEXTS.concat();
    let boundaries: Vec<usize> = text.char_indices().map(|(position, _)| position).collect();
    for window in boundaries.windows(25) {
        let part = &text[window[0]..window[24]];
        assert_eq!(count(part), expected(part), "{part:?}");
    }
}

#[test]
fn counts_of_long_runs_are_those_of_bpe_openai() {
    for unit in [
        "a", "A", "ab", "ção", "0", " ", "\n", " \n", "\r\n", "-", "=", "😂", "中", "ก", "e\u{301}", "kA",
        "'s", "/",
    ] {
        for times in [2, 3, 10, 63, 64, 65, 127, 128, 129, 130, 1_000, 20_000] {
            let text = unit.repeat(times);
            assert_eq!(count(&text), expected(&text), "{unit:?} {times} times");
        }
    }
}
