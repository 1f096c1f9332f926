package auth_test

import (
	"log"
	"os"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
)

// A hub for the users of an identity provider, whose keys are in a file.
func Example() {
	load := func() (auth.Config, error) {
		keys, err := auth.ReadJWKS(os.Getenv("JWKS_FILE"))
		return auth.Config{Keys: keys, Issuer: "https://id.example.com/", Audiences: []string{"chat"}}, err
	}
	config, err := load()
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := auth.New(config)
	if err != nil {
		log.Fatal(err)
	}
	gateway.New(gateway.Config{
		Hubs: []gateway.HubConfig{{Name: "chat", Authorize: verifier.Authorize}},
	})

	// Later, when the provider has changed its keys:
	if config, err = load(); err == nil {
		err = verifier.Replace(config)
	}
	if err != nil {
		log.Print("the keys stay as they are: ", err)
	}
}
