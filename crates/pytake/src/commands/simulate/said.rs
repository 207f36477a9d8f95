//! `--say`, `--then` and `--press`, in the order in which they were written.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use pytake_simulator::Step;

/// What one customer does.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) steps: Vec<Step>,
}

/// Each option with what people read about it.
const OPTIONS: [(&str, &str, &str); 3] = [
    ("say", "TEXT", "A customer writes this; again and again, 1 s apart"),
    ("then", "TEXT", "The customer writes this after the reply has come"),
    ("press", "TITLE", "The customer presses the button, or chooses the row, with this title"),
];

impl Args for Said {
    fn augment_args(command: Command) -> Command {
        OPTIONS.into_iter().fold(command, |command, (name, value, help)| {
            command.arg(Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Said {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut said = Self::default();
        said.update_from_arg_matches(matches)?;
        Ok(said)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        let mut written: Vec<(usize, &str, &String)> = Vec::new();
        for (name, _, _) in OPTIONS {
            let places = matches.indices_of(name).into_iter().flatten();
            let texts = matches.get_many::<String>(name).into_iter().flatten();
            written.extend(places.zip(texts).map(|(place, text)| (place, name, text)));
        }
        written.sort_unstable();
        for (_, name, text) in written {
            match name {
                "press" => self.steps.push(Step::Press(text.clone())),
                "then" => self.steps.extend([Step::WaitForReply, Step::Say(text.clone())]),
                _ => self.steps.push(Step::Say(text.clone())),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_keeps_the_order_of_the_command_line() {
        let command = Said::augment_args(Command::new("simulate"));
        let words = ["simulate", "--say", "a", "--then", "b", "--press", "Sim", "--say", "c"];
        let said = Said::from_arg_matches(&command.get_matches_from(words)).unwrap();
        let expected = [
            Step::Say("a".into()),
            Step::WaitForReply,
            Step::Say("b".into()),
            Step::Press("Sim".into()),
            Step::Say("c".into()),
        ];
        assert_eq!(said.steps, expected);
    }
}
