// Package browser holds the tests of the Identity Center's pages in a real
// browser, Chromium without a window, by real clicks and key strokes: that
// people get through both ways of signing a program in, whatever they do on the
// way; that other sites get nowhere; that nobody needs a pointer, a script, a
// large screen or good eyes.
//
// They are skipped where Chromium or axe-core is absent, unless PORTICO_REQUIRE
// lists them:
//
//	chromium  a program chromium-headless-shell (half the work), chromium,
//	          chromium-browser or google-chrome on PATH
//	axe       npm ci --prefix internal/idc/portal/browser/testdata/axe
//
// PORTICO_SCREENS=1 keeps a picture of every page, light and dark, wide and
// narrow, in the folder screens at the top of the repository; another folder can
// be named instead of 1.
package browser
