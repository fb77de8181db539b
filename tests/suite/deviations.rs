//! What the deep look of drift makes of answers: a stack that is in sync is silent, and every row of every table is heard.

mod cases;
mod compared;
mod harmless;
mod labelled;
mod mutations;
mod seed;
mod tracked;
