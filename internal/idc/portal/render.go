package portal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// page is what the layout needs to know.
type page struct {
	Name  string // of the template
	Title string
	Wide  bool   // a list rather than a form
	State string // for programs that read the page: data-state of main
	// Script is the one that the page has, "" for none: copyScript, linkScript.
	Script string
	Body   any

	// Filled in by render.
	User        *person
	Style, Icon string // addresses
	ScriptFrom  string // the same
	Mark        template.HTML
	Region      string // on the page that whoever is not signed in gets, as at AWS
}

// The scripts, by file name. Every page does without.
const (
	copyScript = "copy.js"      // puts buttons to texts that are to be copied
	linkScript = "deep-link.js" // goes where a link to the console leads
)

// asset is a file with the address it is served under.
type asset struct {
	address     string
	contentType string
	content     []byte
}

// site is everything that is read from the embedded files.
type site struct {
	pages  map[string]*template.Template
	assets map[string]asset // by file name
	mark   template.HTML
}

// loadSite parses once, at the first page: most runs of the program show none.
var loadSite = sync.OnceValues(func() (*site, error) {
	s := &site{pages: map[string]*template.Template{}, assets: map[string]asset{}}
	layout, err := template.ParseFS(templateFiles, "templates/layout.html")
	if err != nil {
		return nil, err
	}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		name, _ := strings.CutSuffix(file.Name(), ".html")
		if name == "layout" {
			continue
		}
		own, err := layout.Clone()
		if err == nil {
			own, err = own.ParseFS(templateFiles, "templates/"+file.Name())
		}
		if err != nil {
			return nil, err
		}
		s.pages[name] = own
	}
	for name, contentType := range map[string]string{"portico.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml", copyScript: "text/javascript; charset=utf-8", linkScript: "text/javascript; charset=utf-8"} {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		base, ext := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
		s.assets[name] = asset{"/assets/" + base + "-" + hex.EncodeToString(sum[:8]) + ext, contentType, content}
	}
	mark, err := assetFiles.ReadFile("assets/mark.svg")
	if err != nil {
		return nil, err
	}
	s.mark = template.HTML(strings.TrimSpace(string(mark))) //nolint:gosec // a file of ours
	return s, nil
})

// render writes a page. It is made whole first, so that a failure can still
// become an error page.
func (v *visit) render(status int, p page) error {
	s, err := loadSite()
	if err != nil {
		return err
	}
	t, ok := s.pages[p.Name]
	if !ok {
		return fmt.Errorf("there is no template %q", p.Name)
	}
	p.User = v.user
	p.Style, p.Icon, p.Mark = s.assets["portico.css"].address, s.assets["icon.svg"].address, s.mark
	if p.Name == "signin" {
		instance, err := v.Directory.Instance(v.r.Context())
		if err != nil {
			return err
		}
		p.Region = instance.Region
	}
	if p.Script != "" {
		p.ScriptFrom = s.assets[p.Script].address
		v.w.Header().Set("Content-Security-Policy", contentPolicy("", true))
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "layout", p); err != nil {
		return err
	}
	header := v.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(out.Len()))
	v.w.WriteHeader(status)
	// An error here means that the browser went away.
	_, _ = v.w.Write(out.Bytes())
	return nil
}

// asset serves a file under its one name. Another content would have another
// name, so it may be kept for ever.
func (v *visit) asset() error {
	s, err := loadSite()
	if err != nil {
		return err
	}
	for _, a := range s.assets {
		if a.address != v.r.URL.Path {
			continue
		}
		header := v.w.Header()
		header.Set("Content-Type", a.contentType)
		header.Set("Content-Length", strconv.Itoa(len(a.content)))
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		v.w.WriteHeader(http.StatusOK)
		_, _ = v.w.Write(a.content)
		return nil
	}
	return faultNotFound()
}
