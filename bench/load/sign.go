package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"
)

// signClient posts CSRs that it made before, each with a name of its own.
type signClient struct {
	http          *http.Client
	url           string
	body          string
	authorization string
	names         []string
	requests      []string
	ott           *ottKey
}

// ottKey is step-ca's JWK provisioner: each request has a token of its own, made before the clock runs is not possible
// for long, so its signature is the driver's work, as it is that of step-ca's clients.
type ottKey struct {
	Name, Audience, Kid, D, X, Y string
	key                          *ecdsa.PrivateKey
}

const requestsPerClient = 16

func newSignClient(number int, url string, transport *http.Transport, body, authorization, keyFile string) (*signClient, error) {
	c := &signClient{http: &http.Client{Transport: transport, Timeout: 30 * time.Second}, url: url, body: body, authorization: authorization}
	for i := range requestsPerClient {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("load-%d-%d.example.com", number, i)
		request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
		if err != nil {
			return nil, err
		}
		c.names = append(c.names, name)
		c.requests = append(c.requests, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})))
	}
	if keyFile == "" {
		return c, nil
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	c.ott = &ottKey{}
	if err := json.Unmarshal(text, c.ott); err != nil {
		return nil, err
	}
	c.ott.key = &ecdsa.PrivateKey{PublicKey: ecdsa.PublicKey{Curve: elliptic.P256(), X: bigOf(c.ott.X), Y: bigOf(c.ott.Y)}, D: bigOf(c.ott.D)}
	return c, nil
}

func bigOf(text string) *big.Int {
	bytes, _ := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(bytes)
}

func (c *signClient) once(number int) error {
	i := number % requestsPerClient
	var body string
	if c.ott != nil {
		token, err := c.ott.token(c.names[i])
		if err != nil {
			return err
		}
		body = fmt.Sprintf(`{"csr":%q,"ott":%q}`, c.requests[i], token)
	} else {
		body = fmt.Sprintf(c.body, c.requests[i])
	}
	request, err := http.NewRequest("POST", c.url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.authorization != "" {
		request.Header.Set("Authorization", c.authorization)
	}
	_, _, err = whole(c.http.Do(request))
	return err
}

func (k *ottKey) token(name string) (string, error) {
	id := make([]byte, 32)
	rand.Read(id)
	now := time.Now().Unix()
	header, _ := json.Marshal(map[string]string{"alg": "ES256", "kid": k.Kid, "typ": "JWT"})
	claims, _ := json.Marshal(map[string]any{
		"iss": k.Name, "sub": name, "aud": k.Audience, "sans": []string{name},
		"nbf": now - 10, "iat": now, "exp": now + 300, "jti": hex.EncodeToString(id),
	})
	signed := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.key, digest[:])
	if err != nil {
		return "", err
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + b64(signature[:]), nil
}
