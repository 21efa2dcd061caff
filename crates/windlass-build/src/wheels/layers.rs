//! Which packages share a layer. Pure.
//!
//! A layer is stored, pushed and unpacked as a whole, so what changes together should lie together,
//! and the number of layers is small. A large wheel alone: a release of another package must not
//! send a gigabyte again. The rest in two shares by the package's name alone: one that is added,
//! removed or raised rewrites one share and moves nothing else, and two cores can hash both. What is
//! built from folders of the project changes most often and lies on top.

use super::place;

/// What decides where a package goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// About what it adds to a layer, compressed, in bytes.
    pub(super) bytes: u64,
    /// Whether it is built from a folder of the project.
    pub(super) is_local: bool,
}

/// From this size on a wheel is better alone.
const LARGE: u64 = 32 << 20;
/// With the system's layers, the two shares, the project's packages and its files: about ten.
const MOST_ALONE: usize = 4;

/// The numbers of the packages in each layer, the lowest layer first; none is empty.
pub(super) fn plan(packages: &[Weight<'_>]) -> Vec<Vec<usize>> {
    let numbered = || packages.iter().enumerate();
    let mut large: Vec<usize> = numbered()
        .filter(|(_, package)| !package.is_local && package.bytes >= LARGE)
        .map(|(number, _)| number)
        .collect();
    large.sort_by_key(|number| (std::cmp::Reverse(packages[*number].bytes), *number));
    large.truncate(MOST_ALONE);
    large.sort_by_key(|number| packages[*number].name);
    let (mut shares, mut local) = ([const { Vec::new() }; 2], Vec::new());
    for (number, package) in numbered() {
        if package.is_local {
            local.push(number);
        } else if !large.contains(&number) {
            shares[share_of(package.name)].push(number);
        }
    }
    let alone = large.into_iter().map(|number| vec![number]);
    alone.chain(shares).chain([local]).filter(|layer| !layer.is_empty()).collect()
}

/// By the name alone, the same for ever.
fn share_of(name: &str) -> usize {
    usize::from(place::digest_of([name]).hex().as_bytes()[0] & 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(name: &str, mb: u64) -> Weight<'_> {
        Weight { name, bytes: mb << 20, is_local: false }
    }

    fn names<'a>(packages: &[Weight<'a>]) -> Vec<Vec<&'a str>> {
        let layers = plan(packages).into_iter();
        layers
            .map(|layer| layer.into_iter().map(|number| packages[number].name).collect())
            .collect()
    }

    #[test]
    fn large_wheels_are_alone_and_the_projects_own_lie_on_top() {
        let own = Weight { is_local: true, ..wheel("shop", 100) };
        let packages =
            [wheel("a", 1), wheel("flask", 1), wheel("scipy", 35), own, wheel("torch", 800)];
        let layers = names(&packages);
        assert_eq!(layers[..2], [["scipy"], ["torch"]]);
        assert_eq!(layers.last(), Some(&vec!["shop"]));
        assert_eq!(layers.concat().len(), packages.len());
        assert!(plan(&[]).is_empty());
    }

    #[test]
    fn there_are_never_more_than_seven_layers() {
        let many: Vec<String> = (0..200).map(|number| format!("p{number:03}")).collect();
        let mut packages: Vec<_> = many.iter().map(|name| wheel(name, 40)).collect();
        packages[7].bytes += 1;
        packages.push(Weight { name: "shop", bytes: 1, is_local: true });
        let layers = names(&packages);
        assert_eq!(layers.len(), MOST_ALONE + 3);
        assert!(layers.contains(&vec!["p007"]), "the largest is alone");
    }

    #[test]
    fn a_package_that_comes_or_goes_moves_no_other() {
        let many: Vec<String> = (0..60).map(|number| format!("p{number}")).collect();
        let all: Vec<_> = many.iter().map(|name| wheel(name, 1)).collect();
        let whole = names(&all);
        assert!(whole.len() == 2 && whole.iter().all(|share| share.len() > 15), "{whole:?}");
        for gone in 0..all.len() {
            let mut fewer = all.clone();
            let name = fewer.remove(gone).name;
            let layers = names(&fewer);
            for (before, after) in whole.iter().zip(&layers) {
                let mut expected = before.clone();
                expected.retain(|there| *there != name);
                assert_eq!(*after, expected);
            }
        }
    }
}
