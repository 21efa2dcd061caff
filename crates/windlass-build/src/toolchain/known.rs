//! Debian packages that are known to be needed for building a distribution from its sources, beside
//! a C compiler and Python's own headers.

/// All that its wheels have too: it leaves out in silence what it does not find.
const PILLOW: &[&str] = &[
    "zlib1g-dev",
    "libjpeg-dev",
    "libfreetype-dev",
    "liblcms2-dev",
    "libopenjp2-7-dev",
    "libraqm-dev",
    "libavif-dev",
    "libtiff-dev",
    "libwebp-dev",
];
const RUST: &[&str] = &["cargo", "rustc"];
const CRYPTOGRAPHY: &[&str] = &["cargo", "rustc", "libssl-dev", "libffi-dev", "pkg-config"];
const BLAS: &[&str] = &["gfortran", "libopenblas-dev", "pkg-config"];

/// By normalised name (PEP 503), sorted. All names are in bookworm and in trixie.
const TABLE: &[(&str, &[&str])] = &[
    ("bcrypt", RUST),
    ("cffi", &["libffi-dev", "pkg-config"]),
    ("cryptography", CRYPTOGRAPHY),
    ("gssapi", &["libkrb5-dev"]),
    ("h5py", &["libhdf5-dev", "pkg-config"]),
    ("kerberos", &["libkrb5-dev"]),
    ("lxml", &["libxml2-dev", "libxslt1-dev", "zlib1g-dev"]),
    ("matplotlib", &["g++", "libfreetype-dev", "pkg-config"]),
    ("mysqlclient", &["default-libmysqlclient-dev", "pkg-config"]),
    ("numpy", BLAS),
    ("orjson", RUST),
    ("pillow", PILLOW),
    ("psycopg-c", &["libpq-dev"]),
    ("psycopg2", &["libpq-dev"]),
    ("pycairo", &["libcairo2-dev", "pkg-config"]),
    ("pycurl", &["libcurl4-openssl-dev", "libssl-dev"]),
    ("pydantic-core", RUST),
    ("pygobject", &["libcairo2-dev", "libgirepository1.0-dev", "pkg-config"]),
    ("pygraphviz", &["libgraphviz-dev", "pkg-config"]),
    ("pymssql", &["freetds-dev"]),
    ("pynacl", &["libffi-dev", "libsodium-dev", "make"]),
    ("pyodbc", &["g++", "unixodbc-dev"]),
    ("python-ldap", &["libldap-dev", "libsasl2-dev"]),
    ("pyvips", &["libvips-dev", "pkg-config"]),
    ("pyyaml", &["libyaml-dev"]),
    ("rasterio", &["g++", "libgdal-dev"]),
    ("scipy", BLAS),
    ("shapely", &["libgeos-dev"]),
    ("uwsgi", &["libpcre2-dev", "libssl-dev", "libxml2-dev"]),
    ("xmlsec", &["libxml2-dev", "libxmlsec1-dev", "pkg-config"]),
];

/// The packages for a distribution by its normalised name; none where no row knows it.
pub fn packages_for(distribution: &str) -> &'static [&'static str] {
    let found = TABLE.binary_search_by(|(name, _)| name.cmp(&distribution));
    found.map_or(&[], |at| TABLE[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_found() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(packages_for("psycopg2"), ["libpq-dev"]);
        assert_eq!(packages_for("psycopg2-binary"), [""; 0]);
        for (name, packages) in TABLE {
            assert_eq!(packages_for(name), *packages);
        }
    }
}
