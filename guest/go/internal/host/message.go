package host

import (
	satama "github.com/satama/satama/guest/go"
	types "github.com/satama/satama/guest/go/internal/wit/imports/satama_services_types"
)

// Message is a message as the host takes it.
func Message(message satama.Message) types.Message {
	if text, ok := message.Text(); ok {
		return types.MakeMessageText(text)
	}
	bytes, _ := message.Binary()
	return types.MakeMessageBinary(bytes)
}

// FromMessage is a message of the host's.
func FromMessage(message types.Message) satama.Message {
	if message.Tag() == types.Message_Text {
		return satama.Text(message.Text())
	}
	return satama.Binary(message.Binary())
}
