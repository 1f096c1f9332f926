package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const parentVariable = "SLUICE_CHAT_PARENT"

// A gateway does not outlive a backend that is killed.
func TestAChildEndsWithItsParent(t *testing.T) {
	if os.Getenv(parentVariable) != "" {
		beParent(t)
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestAChildEndsWithItsParent$")
	parent.Env = append(os.Environ(), parentVariable+"=yes")
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	lines := bufio.NewReader(output)
	if line, err := lines.ReadString('\n'); err != nil || line != "started\n" {
		t.Errorf("the parent says %q: %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The child holds the output open.
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, lines)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the child goes on without its parent")
	}
}

// beParent starts a child that would end by itself in 20 s, and waits to be killed.
func beParent(t *testing.T) {
	child := exec.Command("sleep", "20")
	child.Stdout, child.SysProcAttr = os.Stdout, new(syscall.SysProcAttr)
	endWithParent(child.SysProcAttr)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("started")
	child.Wait()
}
