package recent

import "testing"

func TestTheLastKeysAreRemembered(t *testing.T) {
	const size = 4
	m := New[int, string](size)
	for key := range 100 {
		m.Put(key, "value")
		for back := range min(size, key+1) {
			if _, found := m.Get(key - back); !found {
				t.Fatalf("after key %d, key %d is forgotten", key, key-back)
			}
		}
		if m.Len() > 2*size {
			t.Fatalf("%d keys are held, more than %d", m.Len(), 2*size)
		}
	}
	if _, found := m.Get(0); found {
		t.Error("the first of 100 keys is remembered")
	}
}

func TestAKeyInUseStays(t *testing.T) {
	m := New[int, int](3)
	m.Put(-1, 42)
	for key := range 50 {
		m.Put(key, key)
		if value, found := m.Get(-1); !found || value != 42 {
			t.Fatalf("after %d others: %d, %v", key+1, value, found)
		}
	}
}

func TestALaterValueReplacesAnEarlierOne(t *testing.T) {
	m := New[string, int](1)
	for value := range 3 {
		m.Put("key", value)
		if got, _ := m.Get("key"); got != value {
			t.Errorf("%d, want %d", got, value)
		}
	}
}
