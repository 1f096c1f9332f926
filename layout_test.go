// Package sluice_test holds the layout of the module to its rules: which
// package may import which, and how long files and functions may grow.
package sluice_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sluicegate/sluice"

// Budgets of a file that is not a test.
const (
	maxFileLines     = 600
	maxFunctionLines = 80
)

// bans are the imports that the layout forbids. Patterns are as the go command
// has them: a trailing /... takes in what is below. A leading ./ is the module.
var bans = []struct{ from, to, why string }{
	{"./codec", "./...", "the codec turns bytes into values and needs nothing of ours"},
	{"./codec", "net", "the codec does no I/O"},
	{"./codec", "os", "the codec does no I/O"},
	{"./codec", "time", "the codec has no clock"},
	{"./codec", "log/...", "the codec returns errors and logs nothing"},

	{"./poller/...", "./codec/...", "the poller moves bytes and never learns WebSocket"},
	{"./poller/...", "github.com/gobwas/...", "the poller moves bytes and never learns WebSocket"},
	{"./poller/...", "./gateway/...", "imports point down: the gateway uses the poller"},
	{"./poller/...", "log/...", "the poller reports to its owner, which logs"},
	{"./poller", "golang.org/x/sys/...", "system calls go through the kernel seam, poller/internal/sys"},
	{"./internal/...", "./...", "what every layer may use needs nothing of ours"},
	{"./poller/buf", "./...", "buffers are a leaf"},
	{"./poller/slab", "./...", "slabs are a leaf"},
	{"./poller/histogram", "./...", "a histogram is a leaf"},
	{"./poller/fairqueue", "./...", "a fair queue is a leaf"},
	{"./poller/internal/sys", "./...", "the kernel seam is a leaf"},
	{"./poller", "./poller/internal/sys/fake/...", "the scripted kernel is for tests"},

	{"./gateway", "./gateway/admin/...", "the core is asked for figures and never pushes them"},
	{"./gateway", "./gateway/settings/...", "the core is configured by a value, wherever it comes from"},
	{"./gateway", "./gateway/auth/...", "the core asks an Authorize and knows no tokens"},
	{"./gateway/auth", "./poller/...", "a check of tokens sees a request, and no connection"},
	{"./gateway/auth", "net/http/...", "keys are not fetched"},
	{"./gateway/subprotocol", "./gateway", "the protocols are bytes and rules, and know no session"},
	{"./gateway/subprotocol", "./gateway/api/...", "the protocols are bytes and rules, and know no session"},
	{"./gateway/subprotocol", "./gateway/auth/...", "the protocols are bytes and rules, and know no session"},
	{"./gateway/subprotocol", "./gateway/token/...", "the protocols are bytes and rules, and know no session"},
	{"./gateway/subprotocol", "./gateway/upstream/...", "the protocols are bytes and rules, and know no session"},
	{"./gateway/subprotocol", "./gateway/internal/hub", "the protocols are bytes and rules, and know no session"},
	{"./gateway/subprotocol", "./poller/...", "the protocols are bytes and rules, and know no connection"},
	{"./gateway/subprotocol", "encoding/json", "frames are read and written without reflection"},
	{"./gateway", "./gateway/upstream/...", "the core is given handlers, and does not know that a backend answers"},
	{"./gateway/upstream/webhook", "./gateway/...", "a client of handlers knows nothing of sessions; whoever has both joins them"},
	{"./gateway/upstream/webhook", "./codec/...", "events are HTTP"},
	{"./gateway/upstream/webhook", "./poller", "events are HTTP; only histograms are shared"},
	{"./gateway", "./gateway/token/...", "the core asks an Authorize and knows no tokens"},
	{"./gateway", "./gateway/api/...", "the REST API asks the core, and not the other way round"},
	{"./gateway/token", "./gateway/api/...", "tokens are checked and minted wherever they are needed"},
	{"./gateway/token", "./poller/...", "a check of tokens sees a request, and no connection"},
	{"./gateway/token", "net/http/...", "a token is text, wherever it came from"},
	{"./gateway/api", "./poller/...", "the REST API acts through hubs and sessions, and knows no loops"},
	{"./gateway/api", "./gateway/admin/...", "the public API shows nothing to operators; it is asked for figures"},
	{"./gateway/api", "./gateway/settings/...", "the REST API does not depend on how the program is configured"},
	{"./gateway", "./gateway/pubsub/...", "the core serves any subprotocol, and knows none"},
	{"./gateway/api", "./gateway/pubsub/...", "the API asks hubs, whatever is behind them"},
	{"./gateway/pubsub", "./poller/...", "the service has sessions, and knows no connection"},
	{"./gateway/pubsub", "encoding/json", "frames are read and written without reflection"},
	{"./gateway", "github.com/prometheus/...", "the core counts in plain numbers; gateway/admin names them"},
	{"./gateway", "golang.org/x/sys/...", "system calls go through the kernel seam, poller/internal/sys"},
	{"./gateway/internal/...", "./gateway", "leaves know nothing of sessions"},
	{"./gateway/internal/...", "./poller/...", "leaves know nothing of connections"},
	{"./gateway/...", "./codec/codectest/...", "the harness is for tests"},
	{"./gateway/...", "./gateway/gatewaytest/...", "the harness is for tests"},
	{"./gateway/...", "./poller/pollertest/...", "the harness is for tests"},
	{"./cmd/...", "./gateway/gatewaytest/...", "the harness is for tests"},
	{"./gateway/admin", "./poller/...", "the operator's view goes through the gateway's snapshots"},
	{"./gateway/admin", "./gateway/settings/...", "the operator's view does not depend on how the program is configured"},
	{"./gateway/admin/console", "./gateway", "the console is files; its scripts ask the admin listener"},
	{"./gateway/pages", "./...", "the pages share files and know no gateway"},
	{"./gateway/...", "./gateway/pages/pagetest/...", "the checks of pages are for tests"},
	{"./cmd/...", "./gateway/pages/pagetest/...", "the checks of pages are for tests"},
	{"./gateway/settings", "./gateway/admin/...", "settings are values; the command wires them"},
	{"./gateway/settings", "os", "settings are given their input; the command reads it"},

	{"./bench/...", "./gateway/...", "the load tool must not share the code that it measures"},
	{"./bench", "./bench/htmlreport/...", "a run knows nothing of the pages about it"},
	{"./bench/htmlreport", "net/...", "the page is a file, and so are its runs"},
	{"./bench/...", "./poller", "the load tool must not share the code that it measures"},
	{"./bench/...", "./poller/buf", "the load tool must not share the code that it measures"},
	{"./bench/...", "./poller/secure", "the load tool must not share the code that it measures"},
	{"./cmd/wsbench/...", "./gateway/...", "the load tool must not share the code that it measures"},
	{"./cmd/sluice/...", "./poller/...", "the command wires a gateway and knows no loops"},
	{"./cmd/sluice/...", "./bench/...", "the gateway does not carry its load tool"},

	{"./examples/...", "./poller/...", "examples use what their readers will: the gateway's packages"},
	{"./examples/...", "./cmd/...", "commands are wiring and nobody's library"},
	{"./examples/chat", "./gateway", "the backend speaks HTTP with a gateway that runs beside it"},

	{"./codec/...", "./cmd/...", "commands are wiring and nobody's library"},
	{"./gateway/...", "./cmd/...", "commands are wiring and nobody's library"},
	{"./bench/...", "./cmd/...", "commands are wiring and nobody's library"},
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range sources(t) {
		from := path.Join(module, filepath.ToSlash(filepath.Dir(f.name)))
		for _, spec := range f.syntax.Imports {
			to, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, ban := range bans {
				if to != from && matches(ban.from, from) && matches(ban.to, to) {
					t.Errorf("%s imports %s: %s", f.name, to, ban.why)
				}
			}
		}
	}
}

// A ban on a package that was renamed would ban nothing.
func TestBansNamePackagesThatExist(t *testing.T) {
	for _, ban := range bans {
		dir, ours := strings.CutPrefix(strings.TrimSuffix(ban.from, "/..."), "./")
		if info, err := os.Stat(dir); !ours || err != nil || !info.IsDir() {
			t.Errorf("a ban is on %s, which is no package of the module", ban.from)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tc := range []struct {
		pattern, name string
		want          bool
	}{
		{"./codec", module + "/codec", true},
		{"./codec", module + "/codec/x", false},
		{"./codec/...", module + "/codec", true},
		{"./codec/...", module + "/codec/x", true},
		{"./codec/...", module + "/codecs", false},
		{"./...", module + "/codec", true},
		{"log/...", "log/slog", true},
		{"net", "net/http", false},
	} {
		if got := matches(tc.pattern, tc.name); got != tc.want {
			t.Errorf("%s matches %s: %v, want %v", tc.pattern, tc.name, got, tc.want)
		}
	}
}

func matches(pattern, name string) bool {
	if rest, ours := strings.CutPrefix(pattern, "./"); ours {
		pattern = path.Join(module, rest)
	}
	above, below := strings.CutSuffix(pattern, "/...")
	return name == above || below && strings.HasPrefix(name, above+"/")
}

func TestFilesAndFunctionsKeepToTheirBudget(t *testing.T) {
	for _, f := range sources(t) {
		if f.lines > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: split off what has an idea of its own", f.name, f.lines, maxFileLines)
		}
		for _, declaration := range f.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.set.Position(function.End()).Line - f.set.Position(function.Pos()).Line + 1
			if lines > maxFunctionLines && !isTable(function) {
				t.Errorf("%s: %s has %d lines, more than %d", f.name, function.Name.Name, lines, maxFunctionLines)
			}
		}
	}
}

// isTable reports whether a function is one return statement: a table of any
// length reads well.
func isTable(f *ast.FuncDecl) bool {
	if f.Body == nil || len(f.Body.List) != 1 {
		return false
	}
	_, ok := f.Body.List[0].(*ast.ReturnStmt)
	return ok
}

func TestEveryPackageHasADocComment(t *testing.T) {
	documented := make(map[string]bool)
	for _, f := range sources(t) {
		dir := filepath.Dir(f.name)
		documented[dir] = documented[dir] || f.syntax.Doc != nil
	}
	for dir, has := range documented {
		if !has {
			t.Errorf("%s: the package has no doc comment", dir)
		}
	}
}

// source is one Go file of the module that is not a test.
type source struct {
	name   string // relative to the module's root
	lines  int
	set    *token.FileSet
	syntax *ast.File
}

// sources parses the module, on every system's files alike. Directories with a
// go.mod are modules of their own.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || isModule(name)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, content, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{name, bytes.Count(content, []byte("\n")), set, syntax})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go files found")
	}
	return all
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
