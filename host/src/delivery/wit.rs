//! Messages as guests know them.

use super::Message;
use crate::bindings::satama::services::types as wit;

impl From<wit::Message> for Message {
    fn from(message: wit::Message) -> Self {
        match message {
            wit::Message::Text(text) => Self::Text(text.into()),
            wit::Message::Binary(bytes) => Self::Binary(bytes.into()),
        }
    }
}

impl From<Message> for wit::Message {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::Text((*text).to_owned()),
            Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
        }
    }
}
