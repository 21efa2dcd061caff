//! Routes of small apps.

use super::super::tree::Tree;
use super::*;

fn paths(files: &[(&str, &str)]) -> Vec<(String, Answer)> {
    let modules = Modules::read(&Tree::from_files(files.iter().copied()), "").expect("parsed");
    let mut found: Vec<_> =
        find(&modules).into_iter().map(|route| (route.path, route.answer)).collect();
    found.sort();
    found
}

#[test]
fn blueprints_and_routers_are_followed() {
    let flask = paths(&[
        (
            "app/__init__.py",
            "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    from app.auth import bp as auth_bp\n    app.register_blueprint(auth_bp, url_prefix='/auth')\n    @app.route('/hello')\n    def hello():\n        return 'Hi'\n    @app.route('/u/<name>')\n    def user(name):\n        return name\n    @app.route('/post', methods=['POST'])\n    def post():\n        return ''\n    return app\n",
        ),
        (
            "app/auth/__init__.py",
            "from flask import Blueprint\nbp = Blueprint('auth', __name__)\nfrom app.auth import routes\n",
        ),
        (
            "app/auth/routes.py",
            "from flask import render_template\nfrom app.auth import bp\n@bp.route('/login')\ndef login():\n    return render_template('login.html')\n",
        ),
        (
            "app/lost.py",
            "from flask import Blueprint\nbp = Blueprint('x', __name__)\n@bp.get('/lost')\ndef lost():\n    return ''\n",
        ),
        (
            "tests/test_app.py",
            "from app import app\n@app.route('/test')\ndef t():\n    return ''\n",
        ),
    ]);
    assert_eq!(flask, [("/auth/login".into(), Answer::Page), ("/hello".into(), Answer::Constant)]);
    let fast = paths(&[
        (
            "main.py",
            "from fastapi import FastAPI\nfrom api.router import router as r\napp = FastAPI()\napp.include_router(r, prefix='/api')\n@app.get('/q')\ndef q(x: int):\n    return x\n",
        ),
        ("api/__init__.py", ""),
        (
            "api/router.py",
            "from fastapi import APIRouter\nfrom api import health\nrouter = APIRouter()\nrouter.include_router(router=health.router, prefix='/health-check')\n",
        ),
        (
            "api/health.py",
            "from fastapi import APIRouter\nfrom version import answer\nrouter = APIRouter()\n@router.get('')\nasync def check() -> dict:\n    return answer\n",
        ),
    ]);
    assert_eq!(
        fast,
        [("/api/health-check".into(), Answer::Computed), ("/q".into(), Answer::NeedsArguments)]
    );
}

#[test]
fn loops_over_routers_are_followed() {
    let found = paths(&[
        (
            "shop/__init__.py",
            "from flask import Flask\nfrom shop.views import health, pages\ndef create_app():\n    app = Flask(__name__)\n    for module in (pages, health):\n        app.register_blueprint(module.blueprint)\n    return app\n",
        ),
        ("shop/views/__init__.py", ""),
        (
            "shop/views/pages.py",
            "from flask import Blueprint\nblueprint = Blueprint('pages', __name__, url_prefix='/p')\n@blueprint.get('/')\ndef index():\n    return find()\n",
        ),
        (
            "shop/views/health.py",
            "from flask import Blueprint\nblueprint = Blueprint('health', __name__)\n@blueprint.get('/ready')\ndef ready():\n    return {}, 200\n",
        ),
    ]);
    assert_eq!(found, [("/p/".into(), Answer::Computed), ("/ready".into(), Answer::Constant)]);
}

#[test]
fn other_registrations() {
    let found = paths(&[(
        "app.py",
        "from litestar import get\nfrom starlette.routing import Route\n@get('/sync', sync_to_thread=False)\ndef s():\n    return {'a': 1}\nroutes = [Route('/r', h)]\napp.add_url_rule('/', endpoint='index')\n",
    )]);
    assert_eq!(
        found,
        [
            ("/".into(), Answer::Computed),
            ("/r".into(), Answer::Computed),
            ("/sync".into(), Answer::Constant)
        ]
    );
}

#[test]
fn what_fastapi_gives_itself_is_no_argument() {
    let found = paths(&[
        (
            "deps.py",
            "from typing import Annotated\nfrom fastapi import Depends\ndef session():\n    yield 1\nSession = Annotated[int, Depends(session)]\nLimit = Annotated[int, 5]\n",
        ),
        ("api/__init__.py", "from deps import Session as Db\n"),
        (
            "main.py",
            "import typing\nimport fastapi\nfrom fastapi import Depends, FastAPI, Request\nfrom api import Db\nfrom deps import Limit\napp = FastAPI()\n\
             @app.get('/alias')\ndef a(db: Db):\n    return {}\n\
             @app.get('/here')\ndef b(x: typing.Annotated[int, Depends(f)], r: Request):\n    return {}\n\
             @app.get('/limit')\ndef c(limit: Limit):\n    return {}\n\
             @app.get('/spread')\ndef d():\n    return dict(**rows)\n",
        ),
    ]);
    assert_eq!(
        found,
        [
            ("/alias".into(), Answer::Constant),
            ("/here".into(), Answer::Constant),
            ("/limit".into(), Answer::NeedsArguments),
            ("/spread".into(), Answer::Computed),
        ]
    );
}

#[test]
fn resources_are_routes() {
    let found = paths(&[
        (
            "app.py",
            "from flask import Flask, Blueprint\nfrom flask_restful import Api, Resource\nfrom res import Hello, Post\napp = Flask(__name__)\napi = Api(app, prefix='/v1')\napi.add_resource(Hello, '/hello')\napi.add_resource(Post, '/post')\n\
             bp = Blueprint('b', __name__)\nin_bp = Api(bp)\nin_bp.add_resource(Hello, '/in')\napp.register_blueprint(bp, url_prefix='/b')\n\
             lost = Blueprint('l', __name__)\nin_lost = Api(lost)\nin_lost.add_resource(Hello, '/lost')\n",
        ),
        (
            "res.py",
            "from flask_restful import Resource\nclass Hello(Resource):\n    def get(self):\n        return {'a': 1}\nclass Post(Resource):\n    def post(self):\n        return 1\n",
        ),
    ]);
    assert_eq!(found, [("/b/in".into(), Answer::Constant), ("/v1/hello".into(), Answer::Constant)]);
}
