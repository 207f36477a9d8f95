//! What the channel does as seen from outside: webhooks in, messages out. Time stands still until a test moves it.

mod answering;
mod faults;
mod numbers;
mod people;
mod replicas;
mod rules;
mod running;
mod sending;
mod support;
