//! What the plan can know, the plan says: real facts from the emulator, before the first write.

mod storage;
