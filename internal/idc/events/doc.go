// Package events keeps what happened at the local Identity Center, in the words
// in which the real one tells it: CloudTrail records.
//
//	ctx, call := events.Begin(r.Context())      // the server, before it answers
//	events.Of(ctx).UserName = "alice"           // whoever learns something
//	recorder.Record(call.Events(now, ...)...)   // the server, at the end
//
// A [Call] is the annotation of one request; it becomes one [Event], or several
// when one request does several things CloudTrail tells apart, or none when it
// has no name. A [Recorder] queues events and writes them to a [Store] in
// batches, so that a request waits for no disk.
//
// # What an event says
//
//	who     userIdentity: IdentityCenterUser when the person is known, AssumedRole
//	        when the call was signed with role credentials, else Unknown;
//	        credentialId is the browser session
//	what    eventSource, eventName; errorCode and errorMessage when refused
//	client  additionalEventData.ClientID and .ClientName
//	which   additionalEventData.AuthWorkflowID, the same in all events of one
//	sign-in signin
//	how     eventType AwsServiceEvent for the signin events, which no API call
//	        makes, and AwsApiCall for all others; serviceEventDetails of the former
//	        says Success or Failure
//	fault   additionalEventData.FaultID: the rule that made it go wrong
//
// Unlike CloudTrail's, userIdentity has the userName again, because that is what
// people look for.
//
// # What an event never does
//
// What strangers wrote (user agents, names, parameters) is cleaned and cut: an
// event is one line of at most [MaxSize] bytes of JSON, without a control
// character in it. A name typed at sign-in that is nobody's is not told, because
// now and then it is a password.
package events
