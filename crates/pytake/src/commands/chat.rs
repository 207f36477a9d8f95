//! `pytake chat`: a terminal conversation through the same pipeline as the API.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use futures::StreamExt;
use pytake::config::Config;
use pytake::{AIError, AIProvider, ChatEvent, ChatRequest};
use pytake_assistant::id::TenantId;

#[derive(Debug, Args)]
pub(crate) struct ChatArguments {
    /// The tenant to talk to.
    #[arg(long, default_value = "default")]
    tenant: TenantId,
    /// Who you are to the assistant.
    #[arg(long, default_value = "terminal")]
    user: String,
    /// The provider to prefer.
    #[arg(long, default_value = "auto")]
    provider: String,
    /// Shows why each reply was given.
    #[arg(long)]
    why: bool,
}

pub(crate) async fn run(arguments: ChatArguments) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let wired = pytake::wire(&config)?;
    let is_interactive = std::io::stdin().is_terminal();
    if is_interactive {
        println!("Write a message; an empty line or Ctrl-D ends.");
    }
    let mut conversation = None;
    loop {
        if is_interactive {
            print!("> ");
            std::io::stdout().flush().context("could not write to the terminal")?;
        }
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|read| (read > 0).then_some(line))
        });
        let Some(message) = line.await?.context("could not read from the terminal")? else { break };
        if message.trim().is_empty() {
            break;
        }
        let request = ChatRequest {
            message,
            user_id: arguments.user.clone(),
            conversation_id: conversation.clone(),
            preferred_provider: Some(AIProvider::from(arguments.provider.as_str())),
            ..ChatRequest::default()
        };
        match wired.assistant.chat_stream(&arguments.tenant, request).await {
            Ok(mut events) => {
                while let Some(event) = events.next().await {
                    match event {
                        ChatEvent::Delta(text) => {
                            print!("{text}");
                            std::io::stdout().flush().context("could not write to the terminal")?;
                        }
                        ChatEvent::Done(response) => {
                            println!();
                            if arguments.why {
                                explain(&wired.assistant, &arguments.tenant, &response).await?;
                            }
                            conversation = Some(response.conversation_id);
                        }
                        ChatEvent::Error(error) => println!("\n! {error}"),
                    }
                }
            }
            Err(AIError::ContentFilterViolation { fallback_response, .. }) => println!("{fallback_response}"),
            Err(error) => println!("! {error}"),
        }
    }
    wired.assistant.drain().await;
    Ok(ExitCode::SUCCESS)
}

async fn explain(
    assistant: &pytake_assistant::Assistant,
    tenant: &TenantId,
    response: &pytake::ChatResponse,
) -> anyhow::Result<()> {
    let id = response.conversation_id.parse().context("the conversation's id")?;
    let detail = assistant.conversation(tenant, &id).await?;
    let Some(answer) = detail.messages.last().and_then(|message| message.answer.as_ref()) else {
        return Ok(());
    };
    for step in &answer.trail.steps {
        println!("  {:<10} {}", step.step, step.found);
    }
    for attempt in &answer.trail.attempts {
        let outcome = attempt.kind.map_or_else(|| "answered".to_owned(), |kind| format!("{kind:?}"));
        println!("  {:<10} {} {} {} ms", "attempt", attempt.provider, outcome, attempt.ms);
    }
    Ok(())
}
