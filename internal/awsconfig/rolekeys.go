package awsconfig

// Keys of portico's own, of a profile with role_arn: what AssumeRole takes, and
// no AWS tool has a key for. See docs/role-chains.md.
const (
	KeySourceIdentity = "portico_source_identity"
	KeySessionTags    = "portico_session_tags"    // Team=core, Project=x
	KeyTransitiveTags = "portico_transitive_tags" // Team, Project
)
