//! The example shop, deployed as it is.

use crate::site::{shop_source, world, world_without_root};
use std::path::Path;
use windlass_testkit::world::{address_of, host_of};
use windlass_testkit::{Page, World};

fn the_shop_opens(world: &World) {
    let source = world.home().join("projects/shop");
    copy(&shop_source(), &source);
    world.own(&world.home().join("projects"));
    let url = world.deploy(&source);
    let (address, host) = (address_of(&url), host_of(&url));
    let page = Page::get(address, &host, "/");
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("Bollard"), "{}", page.body);
    assert!(page.body.contains("release 1"), "{}", page.body);
    let style = Page::get(address, &host, "/static/shop.css");
    assert!(style.headers["content-type"].starts_with("text/css"), "{:?}", style.headers);
    for path in ["/health", "/ready", "/live"] {
        assert_eq!(Page::get(address, &host, path).status, 200, "{path}");
    }
    assert_eq!(Page::get(address, &host, "/no-such-page").status, 404);
    let stranger = Page::get(address, "stranger.example.com", "/");
    assert!(matches!(stranger.status, 200 | 404 | 421), "{stranger:?}");
}

#[test]
fn the_shop_opens_with_no_configuration() {
    the_shop_opens(&world());
}

#[test]
fn an_ordinary_user_opens_the_shop_without_root() {
    the_shop_opens(&world_without_root());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the shop is there").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}
