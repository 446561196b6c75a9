// Package seal encrypts what a session keeps on disk: files in the format of age
// (https://age-encryption.org), which the age tool opens too.
//
// Each session has a key of its own, an age identity. It lives in the keyring of
// the operating system or, where there is none, in a file that a passphrase
// opens; such a key, once opened, stays for some hours in the kernel's keyring,
// where there is one. Only the identity ever goes to a keyring, which limits the
// size of its items.
//
// A [Vault] is what the wallet asks. Nothing here waits for ever: every call to a
// keyring has a deadline and an error that names cause and cure, see [KeyError].
package seal
