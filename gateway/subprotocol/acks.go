package subprotocol

// ackMemory is how many succeeded requests are remembered.
const ackMemory = 1000

// Acks remembers which requests of a client have succeeded, the last 1000, so that
// one that is sent again after a recovery is not done again. The zero value is
// ready and holds nothing. It belongs to one goroutine at a time.
type Acks struct {
	// runs are runs of ids that succeeded one after another, oldest first. Clients
	// count their requests up, so there is one run, and one more for each failure
	// among the last 1000.
	runs    []run
	held    int
	highest uint64
}

// run is the ids from first to last.
type run struct{ first, last uint64 }

// Succeeded reports whether the request with this id is among the last 1000 that
// have succeeded. Such a one is answered with [AckDuplicate].
func (a *Acks) Succeeded(id uint64) bool {
	if id > a.highest {
		return false
	}
	for i := range a.runs {
		if a.runs[i].first <= id && id <= a.runs[i].last {
			return true
		}
	}
	return false
}

// Add remembers that the request with this id has succeeded. The id is one that
// Succeeded has not reported.
func (a *Acks) Add(id uint64) {
	a.highest = max(a.highest, id)
	if n := len(a.runs); n > 0 && id > 0 && a.runs[n-1].last == id-1 {
		a.runs[n-1].last = id
	} else {
		a.runs = append(a.runs, run{id, id})
	}
	if a.held < ackMemory {
		a.held++
		return
	}
	if oldest := &a.runs[0]; oldest.first < oldest.last {
		oldest.first++
	} else {
		a.runs = a.runs[1:]
	}
}
