// Go in the core section: the cases of bench/core/core_bench.cpp on goroutines and channels, on one
// processor. Go has no await of a nested coroutine: that is a function call there.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

const crowd = 1000000

func cpuNs() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// statusBytes is a line of /proc/self/status: VmHWM, the peak resident set, or VmRSS, the present one.
func statusBytes(key string) float64 {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), key) {
			var kilobytes float64
			fmt.Sscan(lines.Text()[len(key)+1:], &kilobytes)
			return kilobytes * 1024
		}
	}
	return 0
}

func report(name, unit string, value float64) {
	fmt.Printf("{\"name\": \"%s\", \"%s\": %.3f}\n", name, unit, value)
}

// rounds reports the tenth percentile of 40 rounds, as bench/support/measure.hpp does.
func rounds(name string, operations int, round func(operations int)) {
	round(operations)
	perOperation := make([]float64, 40)
	for i := range perOperation {
		started := cpuNs()
		round(operations)
		perOperation[i] = (cpuNs() - started) / float64(operations)
	}
	sort.Float64s(perOperation)
	report(name, "ns", perOperation[len(perOperation)/10])
}

func createAndAwait(operations int) {
	done := make(chan struct{})
	for i := 0; i < operations; i++ {
		go func() { done <- struct{}{} }()
		<-done
	}
}

func yieldTogether(goroutines int) func(int) {
	return func(operations int) {
		var all sync.WaitGroup
		all.Add(goroutines)
		for i := 0; i < goroutines; i++ {
			go func() {
				for j := 0; j < operations/goroutines; j++ {
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		all.Wait()
	}
}

var sink int

func throughAQueue(operations int) {
	queue := make(chan int, 100)
	go func() {
		for i := 0; i < operations; i++ {
			queue <- i
		}
	}()
	for i := 0; i < operations; i++ {
		sink += <-queue
	}
}

func gatherCrowd() {
	started := cpuNs()
	results := make([]int, crowd)
	var all sync.WaitGroup
	all.Add(crowd)
	for i := 0; i < crowd; i++ {
		go func(i int) {
			results[i] = i
			all.Done()
		}(i)
	}
	all.Wait()
	report("gather_1m_per_task", "ns", (cpuNs()-started)/crowd)
}

func sleepCrowd() {
	resident, started := statusBytes("VmRSS"), cpuNs()
	var all sync.WaitGroup
	all.Add(crowd)
	for i := 0; i < crowd; i++ {
		go func() {
			time.Sleep(6 * time.Second)
			all.Done()
		}()
	}
	all.Wait()
	seconds := (cpuNs() - started) / 1e9
	report("sleep_1m_bytes", "bytes", (statusBytes("VmHWM")-resident)/crowd)
	report("sleep_1m_cpu_s", "seconds", seconds)
}

func main() {
	runtime.GOMAXPROCS(1)
	cases := map[string]func(){
		"task_create_await": func() { rounds("task_create_await", 50000, createAndAwait) },
		"yield_1":           func() { rounds("yield_1", 200000, yieldTogether(1)) },
		"yield_1000":        func() { rounds("yield_1000", 200000, yieldTogether(1000)) },
		"queue_item":        func() { rounds("queue_item", 200000, throughAQueue) },
		"gather_1m":         gatherCrowd,
		"sleep_1m":          sleepCrowd,
	}
	for _, name := range os.Args[1:] {
		if run, found := cases[name]; found {
			run()
		}
	}
}
