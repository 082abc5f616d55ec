// A Go program for the drop-in test: goroutines, channels, maps, closures, panics, timers, syscall/js and arithmetic.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

type reading struct {
	Name  string    `json:"name"`
	Value float64   `json:"value"`
	Tags  []string  `json:"tags,omitempty"`
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])

	squares := make(chan int)
	var group sync.WaitGroup
	for i := 0; i < n; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			squares <- i * i
		}(i)
	}
	go func() { group.Wait(); close(squares) }()
	sum := 0
	for square := range squares {
		sum += square
	}
	fmt.Println("sum of squares", sum)

	words := map[string]int{}
	for _, word := range strings.Fields(strings.Repeat("the quick brown fox jumps over the lazy dog ", 50)) {
		words[word]++
	}
	keys := make([]string, 0, len(words))
	for key := range words {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		fmt.Printf("%s=%d ", key, words[key])
	}
	fmt.Println()

	fmt.Printf("%x\n", sha256.Sum256([]byte(strings.Repeat("tswasm", 5000))))

	factorial := big.NewInt(1)
	for i := int64(2); i <= 60; i++ {
		factorial.Mul(factorial, big.NewInt(i))
	}
	fmt.Println("60! =", factorial)

	text, _ := json.Marshal([]reading{{"a", 1.5, []string{"x", "y"}}, {"b", -2e100, nil}})
	var back []reading
	fmt.Println(string(text), json.Unmarshal(text, &back), back[1].Value)

	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var values []int
		_ = values[n]
	}()

	start := time.Now()
	time.Sleep(20 * time.Millisecond)
	fmt.Println("slept", time.Since(start) >= 20*time.Millisecond)

	double := js.FuncOf(func(this js.Value, args []js.Value) any { return args[0].Int() * 2 })
	fmt.Println("from JavaScript:", js.Global().Get("Array").Call("from", []any{1, 2, 3}).Call("map", double).Call("join", "-"))
	os.Exit(3)
}
