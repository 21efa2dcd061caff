//! The web frameworks that are recognised, by what their source code calls.

use std::fmt;

/// A web framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Framework {
    /// Flask and what is built on its application class.
    Flask,
    /// Django.
    Django,
    /// FastAPI.
    FastApi,
    /// Starlette and bare ASGI wrappers around another app.
    Starlette,
    /// Litestar.
    Litestar,
    /// Quart.
    Quart,
    /// Sanic.
    Sanic,
    /// Dash, which runs on Flask.
    Dash,
    /// Falcon, Bottle, Pyramid and other WSGI objects.
    Wsgi,
    /// aiohttp's own server.
    Aiohttp,
    /// Streamlit's own server.
    Streamlit,
    /// Gradio's own server.
    Gradio,
    /// NiceGUI's own server.
    NiceGui,
}

/// How a framework's object is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interface {
    /// PEP 3333.
    Wsgi,
    /// The ASGI specification.
    Asgi,
    /// It brings a server of its own.
    Own,
}

/// What each constructor makes, by absolute dotted name.
const CONSTRUCTORS: [(&str, Framework); 26] = [
    ("flask.Flask", Framework::Flask),
    ("flask.app.Flask", Framework::Flask),
    ("apiflask.APIFlask", Framework::Flask),
    ("flask_openapi3.OpenAPI", Framework::Flask),
    ("fastapi.FastAPI", Framework::FastApi),
    ("fastapi.applications.FastAPI", Framework::FastApi),
    ("starlette.applications.Starlette", Framework::Starlette),
    ("socketio.ASGIApp", Framework::Starlette),
    ("litestar.Litestar", Framework::Litestar),
    ("litestar.app.Litestar", Framework::Litestar),
    ("quart.Quart", Framework::Quart),
    ("quart.app.Quart", Framework::Quart),
    ("quart_trio.QuartTrio", Framework::Quart),
    ("sanic.Sanic", Framework::Sanic),
    ("dash.Dash", Framework::Dash),
    ("dash_extensions.enrich.DashProxy", Framework::Dash),
    ("falcon.App", Framework::Wsgi),
    ("falcon.asgi.App", Framework::Starlette),
    ("bottle.Bottle", Framework::Wsgi),
    ("bottle.default_app", Framework::Wsgi),
    ("connexion.AsyncApp", Framework::Starlette),
    ("connexion.FlaskApp", Framework::Starlette),
    ("connexion.App", Framework::Starlette),
    ("aiohttp.web.Application", Framework::Aiohttp),
    ("django.core.wsgi.get_wsgi_application", Framework::Django),
    ("django.core.asgi.get_asgi_application", Framework::Django),
];

impl Framework {
    /// The framework that a call to this absolute dotted name makes an app of.
    pub(super) fn made_by(constructor: &str) -> Option<Self> {
        CONSTRUCTORS.iter().find(|(name, _)| *name == constructor).map(|(_, framework)| *framework)
    }

    pub(super) fn interface(self) -> Interface {
        match self {
            Self::Flask | Self::Django | Self::Dash | Self::Wsgi => Interface::Wsgi,
            Self::FastApi | Self::Starlette | Self::Litestar | Self::Quart | Self::Sanic => {
                Interface::Asgi
            }
            Self::Aiohttp | Self::Streamlit | Self::Gradio | Self::NiceGui => Interface::Own,
        }
    }

    /// The framework's own name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flask => "Flask",
            Self::Django => "Django",
            Self::FastApi => "FastAPI",
            Self::Starlette => "Starlette",
            Self::Litestar => "Litestar",
            Self::Quart => "Quart",
            Self::Sanic => "Sanic",
            Self::Dash => "Dash",
            Self::Wsgi => "WSGI",
            Self::Aiohttp => "aiohttp",
            Self::Streamlit => "Streamlit",
            Self::Gradio => "Gradio",
            Self::NiceGui => "NiceGUI",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
