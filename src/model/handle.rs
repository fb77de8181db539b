//! Where a resource of a known type stands: an address that cannot be taken for one of another kind.

use std::fmt;
use std::marker::PhantomData;

use super::address::{Address, Name};
use super::reference::Ref;
use super::resource::Resource;

/// The place of a resource of type `R` within a stack, whether anything stands there or not.
///
/// A [`Ref`] is a pointer from one declaration to another and may leave the stack; this one never does.
pub struct At<R> {
    name: Name,
    resource: PhantomData<fn() -> R>,
}

impl<R> At<R> {
    /// The place of `name`.
    ///
    /// # Panics
    /// When `name` has other characters than `a-z 0-9 -`: for names written in the program, while it is compiled.
    pub const fn named(name: &'static str) -> Self {
        Self { name: Name::new(name), resource: PhantomData }
    }

    /// The name within kind and stack.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl<R: Resource> At<R> {
    /// The place of a name that is made while the program runs.
    ///
    /// # Panics
    /// When `name` has other characters than `a-z 0-9 -`.
    pub fn of(name: &str) -> Self {
        Self { name: name.parse().expect("names in the program use a-z, 0-9 and -"), resource: PhantomData }
    }

    /// Its address.
    pub fn address(&self) -> Address {
        Address { kind: R::KIND, name: self.name.clone() }
    }

    /// A pointer to what stands there.
    pub fn to_ref(&self) -> Ref<R> {
        Ref::Named(self.name.clone(), PhantomData)
    }
}

// Derived implementations would demand the same of `R`, which is only a label here.
impl<R> Clone for At<R> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), resource: PhantomData }
    }
}
impl<R: Resource> fmt::Display for At<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address())
    }
}
impl<R: Resource> fmt::Debug for At<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
