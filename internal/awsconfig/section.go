package awsconfig

// Check refuses, with a [*NameError], a name that cannot be written as a header
// which every reader takes for this section and nothing else. Edit refuses it
// too; Check is for those who want to know before they ask anything more.
func (s Section) Check() error { return checkName(s) }
