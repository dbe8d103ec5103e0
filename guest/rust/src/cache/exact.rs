//! Whether JSON holds every number of a value exactly.
//!
//! The canonicalizer rounds integers beyond 2^53, as RFC 8785 has it, and below
//! the top level writes infinities as null, which the RFC forbids
//! (evik42/serde-json-canonicalizer#12). Either would give one key to two inputs.

use serde::Serialize;
use serde::ser::{self, Error as _, Serializer};

/// The largest integer that JSON keeps apart from its neighbours: RFC 7493 §2.2.
const INTEGER_MAX: u128 = (1 << 53) - 1;

/// Fails if `value` has a number that JSON does not hold exactly.
pub fn check<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<()> {
    value.serialize(Numbers)
}

fn integer(magnitude: u128) -> serde_json::Result<()> {
    if magnitude <= INTEGER_MAX {
        return Ok(());
    }
    Err(serde_json::Error::custom("an integer beyond 2^53 - 1 is not exact in JSON"))
}

fn float(value: f64) -> serde_json::Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(serde_json::Error::custom("NaN and the infinities are not in JSON"))
}

/// Visits a value for its numbers, and writes nothing.
#[derive(Clone, Copy)]
struct Numbers;

/// Methods of [`Serializer`] whose argument has no number, or one that fits.
macro_rules! pass {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method(self, $(_: $argument),*) -> serde_json::Result<()> {
            Ok(())
        }
    )*};
}

/// Methods of [`Serializer`] that begin something with parts.
macro_rules! begin {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method(self, $(_: $argument),*) -> serde_json::Result<Self> {
            Ok(self)
        }
    )*};
}

/// The traits of things with parts, each of which is visited.
macro_rules! parts {
    ($($part:ident: $method:ident($($name:ty)?))*) => {$(
        impl ser::$part for Numbers {
            type Ok = ();
            type Error = serde_json::Error;

            fn $method<T>(&mut self, $(_: $name,)? value: &T) -> serde_json::Result<()>
            where
                T: Serialize + ?Sized,
            {
                check(value)
            }

            fn end(self) -> serde_json::Result<()> {
                Ok(())
            }
        }
    )*};
}

impl Serializer for Numbers {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_i64(self, value: i64) -> serde_json::Result<()> {
        integer(value.unsigned_abs().into())
    }

    fn serialize_u64(self, value: u64) -> serde_json::Result<()> {
        integer(value.into())
    }

    fn serialize_i128(self, value: i128) -> serde_json::Result<()> {
        integer(value.unsigned_abs())
    }

    fn serialize_u128(self, value: u128) -> serde_json::Result<()> {
        integer(value)
    }

    fn serialize_f32(self, value: f32) -> serde_json::Result<()> {
        float(value.into())
    }

    fn serialize_f64(self, value: f64) -> serde_json::Result<()> {
        float(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> serde_json::Result<()> {
        check(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> serde_json::Result<()> {
        check(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> serde_json::Result<()> {
        check(value)
    }

    pass! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str) serialize_bytes(&[u8])
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32)
        serialize_none() serialize_unit() serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    begin! {
        serialize_seq(Option<usize>)
        serialize_map(Option<usize>)
        serialize_tuple(usize)
        serialize_struct(&'static str, usize)
        serialize_tuple_struct(&'static str, usize)
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
        serialize_struct_variant(&'static str, u32, &'static str, usize)
    }
}

parts! {
    SerializeSeq: serialize_element()
    SerializeTuple: serialize_element()
    SerializeTupleStruct: serialize_field()
    SerializeTupleVariant: serialize_field()
    SerializeStruct: serialize_field(&'static str)
    SerializeStructVariant: serialize_field(&'static str)
}

impl ser::SerializeMap for Numbers {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> serde_json::Result<()> {
        check(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        check(value)
    }

    fn end(self) -> serde_json::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// One of each way to have a part.
    #[derive(Serialize)]
    enum Shape<T> {
        Newtype(T),
        Tuple(u8, T),
        Struct { part: T },
    }

    #[derive(Serialize)]
    struct Newtype<T>(T);

    #[derive(Serialize)]
    struct Pair<T>(u8, T);

    #[derive(Serialize)]
    struct Named<T> {
        part: T,
    }

    /// Whether `number` passes, which must not depend on where it stands.
    fn passes<T: Serialize + Copy + Ord>(number: T) -> bool {
        let outcomes = [
            check(&number),
            check(&Some(number)),
            check(&vec![number]),
            check(&("", number)),
            check(&Newtype(number)),
            check(&Pair(0, number)),
            check(&Named { part: number }),
            check(&Shape::Newtype(number)),
            check(&Shape::Tuple(0, number)),
            check(&Shape::Struct { part: number }),
            check(&BTreeMap::from([("", number)])),
            check(&BTreeMap::from([(number, "")])),
            check(&[[Some(Named { part: [number] })]]),
        ];
        let passed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(passed == 0 || passed == outcomes.len(), "{outcomes:?}");
        passed > 0
    }

    #[test]
    fn integers_pass_up_to_the_last_exact_one() {
        assert!(passes((1_u64 << 53) - 1));
        assert!(passes(1 - (1_i64 << 53)));
        assert!(!passes(1_u64 << 53));
        assert!(!passes(-(1_i64 << 53)));
        assert!(!passes(i64::MIN));
        assert!(!passes(u128::MAX));
        assert!(!passes(i128::MIN));
    }

    #[test]
    fn floats_pass_if_finite() {
        check(&[0.1, -0.0, 1e300, f64::MIN_POSITIVE, f64::MAX]).unwrap();
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            check(&[Some(value)]).unwrap_err();
            check(&[Some(value as f32)]).unwrap_err();
        }
    }
}
