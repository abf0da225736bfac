// Command prometheus-rules checks files of rules as `promtool check rules` does, with the same library and without
// all that promtool can do besides, which takes minutes to build.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	reader, code := parser.NewParser(parser.Options{}), 0
	for _, file := range os.Args[1:] {
		_, problems := rulefmt.ParseFile(file, false, model.UTF8Validation, reader, slog.Default())
		for _, problem := range problems {
			fmt.Println(problem)
			code = 1
		}
	}
	os.Exit(code)
}
