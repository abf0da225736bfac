module example.org/team/invoices

go 1.21

require (
	github.com/gin-gonic/gin v1.9.1
	gorm.io/driver/mysql v1.5.2
	github.com/redis/go-redis/v9 v9.5.1
)
