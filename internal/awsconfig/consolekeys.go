package awsconfig

// How the console is opened.
const (
	KeyBrowser   = "portico_browser"   // of a session: in which browser, as of console --browser
	KeyContainer = "portico_container" // of a profile: in which container or profile of that browser
)
