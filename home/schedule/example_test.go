package schedule_test

import (
	"fmt"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
)

// A timer is set, the wall clock is wrong by a day and gets set, and the timer
// does not mind.
func Example() {
	now := schedule.Now{Wall: time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC), Known: true, Up: time.Hour, Boot: "a"}
	tea := schedule.Countdown(schedule.Timer, 4*time.Minute, now)
	book, _ := schedule.Book{Boot: "a"}.With(schedule.Change{Put: &tea})

	now.Wall, now.Up = now.Wall.Add(24*time.Hour), now.Up+3*time.Minute
	book, _ = book.Reckon(now, schedule.Place{})
	wait, _ := book.Wait(now)
	fmt.Println(wait, len(book.Due(now)))

	now.Up += wait
	fmt.Println(len(book.Due(now)))
	// Output:
	// 1m0s 0
	// 1
}
