//! The router's behaviour against providers that fail in every known way. Time is paused: nothing sleeps.

mod fakes;

mod breaking;
mod faults;
mod judging;
mod leaving;
mod picking;
mod terms;
mod waiting;
