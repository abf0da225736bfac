module github.com/acme/fleet

go 1.22

require (
	github.com/go-chi/chi/v5 v5.0.12
	go.mongodb.org/mongo-driver v1.15.0
)

require github.com/redis/go-redis/v9 v9.5.1 // indirect
