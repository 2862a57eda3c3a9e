// The load driver of the bench: the same closed loop of full ACME orders, or of signing requests, against any server.
// Standard library only. One JSON object on standard output.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// client does one unit of work at a time; each has a connection and a key of its own.
type client interface{ once(number int) error }

type result struct {
	PerSecond  float64 `json:"perSecond"`
	P50Ms      float64 `json:"p50Ms"`
	P99Ms      float64 `json:"p99Ms"`
	Done       int     `json:"done"`
	Failed     int     `json:"failed"`
	FirstError string  `json:"firstError,omitempty"`
}

func main() {
	mode := flag.String("mode", "acme", "acme: full orders with http-01; sign: POST a CSR")
	url := flag.String("url", "", "ACME directory, or where the CSR goes")
	roots := flag.String("roots", "", "PEM file of the server's roots")
	clients := flag.Int("clients", 1, "clients at once")
	seconds := flag.Float64("seconds", 5, "measured time")
	warmUp := flag.Float64("warm-up", 1, "time before it")
	port := flag.Int("http-port", 5002, "where http-01 is answered")
	body := flag.String("body", `{"csr":%q}`, "body of a signing request; %q is the CSR in PEM")
	authorization := flag.String("authorization", os.Getenv("LOAD_AUTHORIZATION"), "header of a signing request")
	ottKey := flag.String("ott-key", "", "step-ca: JSON file {name, audience, kid, d, x, y} of a JWK provisioner")
	flag.Parse()

	transport, err := transportFor(*roots, *clients)
	if err != nil {
		fatal(err)
	}
	answers := newAnswers()
	if *mode == "acme" {
		if err := answers.listen(*port); err != nil {
			fatal(err)
		}
	}
	all := make([]client, *clients)
	for i := range all {
		var one client
		if *mode == "acme" {
			one, err = newAcmeClient(i, *url, transport, answers)
		} else {
			one, err = newSignClient(i, *url, transport, *body, *authorization, *ottKey)
		}
		if err != nil {
			fatal(err)
		}
		all[i] = one
	}
	out, _ := json.Marshal(run(all, seconds2(*warmUp), seconds2(*seconds)))
	fmt.Println(string(out))
}

func seconds2(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// run lets every client work until the time is over and counts what began after the warm-up.
func run(all []client, warmUp, measured time.Duration) result {
	start := time.Now().Add(warmUp)
	end := start.Add(measured)
	var mutex sync.Mutex
	var took []float64
	failed, first := 0, ""
	var wait sync.WaitGroup
	for _, one := range all {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for number := 0; ; number++ {
				begun := time.Now()
				if begun.After(end) {
					return
				}
				err := one.once(number)
				mutex.Lock()
				if err != nil {
					failed++
					if first == "" {
						first = err.Error()
					}
				} else if now := time.Now(); begun.After(start) && now.Before(end) {
					took = append(took, float64(now.Sub(begun).Microseconds())/1000)
				}
				mutex.Unlock()
				if err != nil {
					time.Sleep(20 * time.Millisecond)
				}
			}
		}()
	}
	wait.Wait()
	slices.Sort(took)
	at := func(share float64) float64 {
		if len(took) == 0 {
			return 0
		}
		return took[min(len(took)-1, int(share*float64(len(took))))]
	}
	return result{float64(len(took)) / measured.Seconds(), at(0.5), at(0.99), len(took), failed, first}
}

func transportFor(roots string, clients int) (*http.Transport, error) {
	pool := x509.NewCertPool()
	if roots != "" {
		pem, err := os.ReadFile(roots)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, errors.New("no roots in " + roots)
		}
	}
	return &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: clients,
		MaxConnsPerHost:     clients,
		// HTTP/1.1 for everybody: HTTP/2 would share one connection.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}, nil
}

// whole reads an answer and says what was wrong with a bad one.
func whole(response *http.Response, err error) (*http.Response, []byte, error) {
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %.300s", response.Request.URL.Path, response.Status, body)
	}
	return response, body, err
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
