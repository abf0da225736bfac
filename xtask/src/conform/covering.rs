//! Which stacks are tested where nobody says which: few that show what there is.

use std::collections::BTreeSet;

use crate::stack::Stack;

/// Whether a stack is deployed to a cluster.
pub fn in_cluster(stack: &Stack) -> bool {
    stack.target == "kubernetes"
}

/// What decides what a stack's service is.
pub fn service(stack: &Stack) -> [String; 3] {
    [stack.language.clone(), stack.database.clone(), stack.cache.clone()]
}

/// One stack of each service, the one that is also deployed.
pub fn deployed(mut every: Vec<Stack>) -> Vec<Stack> {
    let mut seen = BTreeSet::new();
    every.retain(|stack| stack.target != "none" && seen.insert(service(stack)));
    every
}

/// The pairs of choices that a stack shows to work together.
fn pairs(stack: &Stack) -> [(&str, &str, &str); 5] {
    let Stack {
        language,
        database,
        cache,
        target,
        ..
    } = stack;
    [
        ("language, database", language, database),
        ("language, cache", language, cache),
        ("database, cache", database, cache),
        ("language, target", language, target),
        ("database, target", database, target),
    ]
}

/// Few stacks that show every pair: always the one next that shows most new ones. Of equals the richest,
/// until every language has been deployed; then the plainest, which take least time.
pub fn pairwise(every: Vec<Stack>) -> Vec<Stack> {
    let mut open: BTreeSet<_> = every.iter().flat_map(pairs).collect();
    let mut chosen: Vec<Stack> = Vec::new();
    while !open.is_empty() {
        let deploy = open
            .iter()
            .any(|(kind, _, target)| *kind == "language, target" && *target != "none");
        let key = |stack: &Stack| {
            let new = pairs(stack).iter().filter(|pair| open.contains(*pair)).count();
            let parts = [&stack.database, &stack.cache, &stack.target];
            let plain = parts.iter().filter(|id| **id == "none").count();
            (new, if deploy { parts.len() - plain } else { plain })
        };
        // The first of equals, so that the order of the catalog decides.
        let Some(best) = every.iter().rev().max_by_key(|stack| key(stack)) else {
            break;
        };
        for pair in pairs(best) {
            open.remove(&pair);
        }
        chosen.push(best.clone());
    }
    chosen
}

/// The stacks that are released to a cluster, of services that are tested anyway: each strategy, and one stack by
/// Argo CD; among them every language, database and cache. With `all` every service.
pub fn released(every: &[Stack], services: &[Stack], all: bool) -> Vec<Stack> {
    let mut strategies: Vec<&str> = Vec::new();
    for strategy in every.iter().filter_map(|stack| stack.strategy.as_deref()) {
        if !strategies.contains(&strategy) {
            strategies.push(strategy);
        }
    }
    let rounds = if all {
        services.len().div_ceil(strategies.len().max(1))
    } else {
        1
    };
    let mut wanted = strategies.repeat(rounds);
    wanted.truncate(services.len());
    let mut wanted: Vec<(&str, &str)> = wanted.into_iter().map(|strategy| (strategy, "helm")).collect();
    wanted.extend(strategies.first().map(|strategy| (*strategy, "argocd")));
    let mut chosen: Vec<Stack> = Vec::new();
    for (strategy, delivery) in wanted {
        let known = |stack: &&Stack| {
            let of = service(stack);
            let same = |other: &Stack| {
                service(other)
                    .iter()
                    .zip(&of)
                    .filter(|(one, other)| one == other)
                    .count()
            };
            let shown = (0..3)
                .filter(|axis| chosen.iter().any(|other| service(other)[*axis] == of[*axis]))
                .count();
            (shown, chosen.iter().map(same).sum::<usize>())
        };
        let fits = |stack: &&Stack| {
            stack.strategy.as_deref() == Some(strategy)
                && stack.delivery.as_deref() == Some(delivery)
                && services.iter().any(|tested| service(tested) == service(stack))
        };
        if let Some(stack) = every.iter().filter(fits).min_by_key(known) {
            chosen.push(stack.clone());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(language: &str, database: &str, cache: &str, target: &str) -> Stack {
        let own = str::to_owned;
        Stack {
            language: own(language),
            database: own(database),
            cache: own(cache),
            target: own(target),
            strategy: None,
            delivery: None,
            ci: own("github"),
        }
    }

    #[test]
    fn the_covering_set_shows_every_pair_with_few_stacks() {
        let mut every = Vec::new();
        for language in ["node", "python", "go"] {
            for database in ["postgres", "mongo", "none"] {
                for cache in ["redis", "none"] {
                    for target in ["compose", "none"] {
                        every.push(stack(language, database, cache, target));
                    }
                }
            }
        }
        let chosen = pairwise(every.clone());
        assert_eq!(chosen[0], stack("node", "postgres", "redis", "compose"));
        assert_eq!(chosen.len(), 9, "{chosen:?}");
        let shown: BTreeSet<_> = chosen.iter().flat_map(pairs).collect();
        assert!(every.iter().flat_map(pairs).all(|pair| shown.contains(&pair)));
    }

    #[test]
    fn the_cluster_shows_each_choice_with_few_stacks() {
        let (mut hosted, mut clustered) = (Vec::new(), Vec::new());
        for language in ["node", "python", "go"] {
            for database in ["postgres", "mongo", "none"] {
                for cache in ["redis", "none"] {
                    hosted.extend(["compose", "none"].map(|target| stack(language, database, cache, target)));
                    for strategy in ["rolling", "recreate", "blue-green", "canary"] {
                        for delivery in ["helm", "argocd"] {
                            let mut stack = stack(language, database, cache, "kubernetes");
                            stack.strategy = Some(strategy.to_owned());
                            stack.delivery = Some(delivery.to_owned());
                            clustered.push(stack);
                        }
                    }
                }
            }
        }
        let services = pairwise(hosted);
        let chosen = released(&clustered, &services, false);
        assert_eq!(chosen.len(), 5, "{chosen:?}");
        let helm: Vec<[String; 3]> = chosen[..4].iter().map(service).collect();
        assert_eq!(helm[0], ["node", "postgres", "redis"]);
        for axis in 0..3 {
            let shown: BTreeSet<&String> = helm.iter().map(|service| &service[axis]).collect();
            let all: BTreeSet<String> = clustered.iter().map(|stack| service(stack)[axis].clone()).collect();
            assert!(all.iter().all(|id| shown.contains(id)), "{chosen:?}");
        }
    }
}
