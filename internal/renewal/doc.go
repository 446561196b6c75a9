// Package renewal is the protocol by which one of many processes renews what all
// of them use, an access token or a role's credentials, while the others wait and
// take the result. It knows nothing of networks or of what a token is: signin and
// creds say how theirs is read, asked for and stored.
//
// The protocol is a pure function, [State.Step]: what has just happened goes in,
// what is to be done next comes out. [Flight] does what it says; the tests explore
// the very same function exhaustively, with deaths, lost answers, and a client
// that knows no lock.
//
//	Look --- lasts --------------------------------------------> Serve
//	  | 10 to 15 minutes left               | less, or none
//	TryLock -- busy --> Serve what there is |
//	  |                                     v
//	  |        Serve <-- renewed -- LookWaiting <--busy-- Lock --> Tell (once)
//	  |         Fail <-- the holder failed, or 45 s passed   |
//	  v                                                      v
//	LookAgain <----------------------------------------------+
//	  | -- renewed, gone, or a flight that we waited for has failed --> Unlock
//	Check -- what comes could not be stored --------------------------> Unlock
//	  |
//	Announce
//	  |
//	Send <-+
//	  |    | no answer: the same again, three times in all
//	  +----+
//	  |
//	Guard
//	  |
//	Compare -- renewed or gone meanwhile, or nothing was issued -+
//	  |                                                          |
//	Write                                                        |
//	  |                                                          |
//	Release <----------------------------------------------------+
//	  |
//	Report (a failure, to those who wait) --> Unlock --> Serve or Fail
//
// # Why these rules
//
// A refresh token is spent by its use, and the service repeats its answer for
// about a minute only. So a caller whose answer is lost sends the same token again
// at once, while it holds the lock; and one that could not store the successor
// does not ask for it.
//
// Other AWS tools know no lock of ours. What is stored is read again after the
// lock was taken and before anything is written, and what they have stored in the
// meantime is used and kept. A refusal may only mean that one of them was quicker;
// nothing is deleted because of one.
//
// The lock of a session or role is held for seconds, while the service is asked.
// The guard is a second lock, held for the two file operations by which a
// successor is compared with what is stored and takes its place. Signing out takes
// the guard too, and cannot wait for a service: so whoever signs out finds either
// the old token or the new one, and nobody writes one afterwards.
//
// A failure is shared like a success. A holder that comes to nothing leaves word
// of it, and whoever has been waiting for it takes that for an answer. Otherwise
// two hundred callers that wait for a service which is down would each find out for
// themselves, one after another, and most of them only that 45 seconds have passed.
// Those who come later ask anew, and so does whoever goes another way to the
// service, by another proxy or with other keys: the failure may be the holder's own.
//
// A process may die at any point. Its locks die with it, and the next holder sends
// the token that is stored: within the service's minute that yields the very
// successor that the dead one did not write. After that the session is over, and
// the word that was left before sending (Announce) lets its error say why.
package renewal
