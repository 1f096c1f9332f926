package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/gateway/api"
	"github.com/sluicegate/sluice/gateway/token"
)

const apiPage = "../../docs/api.md"

// documentedAddress is where the page has the gateway listen.
const documentedAddress = "127.0.0.1:8080"

// fence is a fenced block of a page.
type fence struct{ kind, text string }

// blocksOf returns the fenced blocks of a page.
func blocksOf(t *testing.T, page string) (blocks []fence) {
	t.Helper()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(content), -1) {
		blocks = append(blocks, fence{found[1], found[2]})
	}
	return blocks
}

// matches reports whether output is what a page says, in which … stands for anything on
// a line.
func matches(documented, output string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(documented), "…", ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(output)
}

// shell runs commands one after another, so that they share variables.
type shell struct {
	t      *testing.T
	input  io.Writer
	output *bufio.Reader
}

const endOfBlock = "end of the block"

// startShell starts a bash in which sluice is the program under test.
func startShell(t *testing.T, key string) *shell {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "--norc", "-s")
	command.Env = append(os.Environ(), "SLUICE_ACCESS_KEY="+key, "TEST_BINARY="+os.Args[0])
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = end, end
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	end.Close()
	output.SetReadDeadline(time.Now().Add(2 * time.Minute))
	t.Cleanup(func() {
		input.Close()
		command.Wait()
		output.Close()
	})
	fmt.Fprintf(input, "sluice() { %s=1 \"$TEST_BINARY\" \"$@\"; }\n", programVariable)
	return &shell{t, input, bufio.NewReader(output)}
}

// run returns what commands print.
func (s *shell) run(commands string) string {
	s.t.Helper()
	fmt.Fprintf(s.input, "%s\necho '%s'\n", commands, endOfBlock)
	var printed strings.Builder
	for {
		line, err := s.output.ReadString('\n')
		if err != nil {
			s.t.Fatalf("after %q: %v", printed.String(), err)
		}
		if line == endOfBlock+"\n" {
			return printed.String()
		}
		printed.WriteString(line)
	}
}

// TestAPIPage does what docs/api.md says, and sees what it shows.
func TestAPIPage(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the page needs %s: %v", tool, err)
		}
	}
	program := startProgram(t, func(c *exec.Cmd) { c.Env = append(c.Env, "SLUICE_ACCESS_KEY="+testKey) }, "--admin=")
	address := program.find(`listening on (\S+)`)
	shell := startShell(t, testKey)
	blocks := blocksOf(t, apiPage)
	var client net.Conn // connected once the page has shown its URL
	var received []string
	ran := 0
	for i, b := range blocks {
		switch b.kind {
		case "sh":
			if i+1 == len(blocks) || blocks[i+1].kind != "text" {
				t.Fatalf("the page does not say what this prints:\n%s", b.text)
			}
			ran++
			printed := shell.run(strings.ReplaceAll(b.text, documentedAddress, address))
			if !matches(blocks[i+1].text, printed) {
				t.Errorf("%sprints\n%sthe page says\n%s", b.text, printed, blocks[i+1].text)
			}
			if url := regexp.MustCompile(`(?m)^url +(\S+)$`).FindStringSubmatch(printed); url != nil {
				client = dialURL(t, strings.ReplaceAll(url[1], documentedAddress, address))
			}
		case "console":
			for _, want := range regexp.MustCompile(`(?m)^< (.*)$`).FindAllStringSubmatch(b.text, -1) {
				received = append(received, want[1])
			}
		}
	}
	if ran < 8 {
		t.Errorf("%d blocks were run: the page has lost some", ran)
	}
	for _, text := range received {
		expectText(t, client, text)
	}
}

// dialURL connects a simple client.
func dialURL(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, early, _, err := ws.Dial(t.Context(), url)
	if err != nil || early != nil {
		t.Fatalf("dial %s: %v; %v came early", url, err, early)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}

func expectText(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	if got, err := wsutil.ReadServerText(conn); err != nil || string(got) != want {
		t.Errorf("the client received %q, %v; the page says %q", got, err, want)
	}
}

// TestAPIPageIsComplete looks for every operation and cause of a refusal.
func TestAPIPageIsComplete(t *testing.T) {
	page, err := os.ReadFile(apiPage)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := token.ParseEndpoint("http://" + documentedAddress)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := api.New(api.Config{Hubs: &api.Node{}, Tokens: authorityOf(t, endpoint, testKey)})
	if err != nil {
		t.Fatal(err)
	}
	stats := handler.Stats()
	for _, operation := range stats.Operations[1:] { // the first is what is none
		if !strings.Contains(string(page), "`"+operation.Name+"`") {
			t.Errorf("the page has no operation %s", operation.Name)
		}
		for status := range operation.Statuses {
			if !strings.Contains(string(page), fmt.Sprint(status)) {
				t.Errorf("the page has no status %d %s", status, http.StatusText(status))
			}
		}
	}
	for cause := range stats.Unauthorized {
		if !strings.Contains(string(page), "`"+cause+"`") {
			t.Errorf("the page has no cause %s", cause)
		}
	}
}
