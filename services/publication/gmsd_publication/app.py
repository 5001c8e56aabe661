"""The only wiring of publication."""

from gmsd_chassis.bus.fold import Fold
from gmsd_chassis.bus.fold_store import FoldStore
from gmsd_chassis.bus.publisher import Publisher
from gmsd_chassis.content import LogContentStore
from gmsd_chassis.http.bearer import TokenCheck
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_chassis.service import Service
from gmsd_publication.adapters import fold as folding
from gmsd_publication.adapters.facts import Facts, Modes
from gmsd_publication.adapters.library import Library
from gmsd_publication.adapters.schema import MIGRATIONS
from gmsd_publication.desk import Desk
from gmsd_publication.errors import Problem
from gmsd_publication.http.app import create
from gmsd_publication.http.feed import Feed
from gmsd_publication.press import Press
from gmsd_publication.reading import Reading
from gmsd_publication.scribe import Scribe
from gmsd_publication.settings import PublicationSettings


def build() -> Service:
    """Publication as a service, from the environment. Raises ConfigError."""
    settings = PublicationSettings()
    settings.check_products()
    clock = settings.clock()
    keyring = DirectoryKeyRing(settings.keys_dir, settings.keks(), clock, owner="publication")
    publisher = Publisher(settings.kafka_bootstrap, client_id=f"publication-{settings.instance}")
    content = LogContentStore(lambda: publisher.producer, settings.kafka_bootstrap, keyring)
    store = FoldStore(settings.state_dir / "publication.sqlite", MIGRATIONS)
    fold = Fold(
        name="publication",
        topics=folding.TOPICS,
        store=store,
        apply=folding.apply,
        bootstrap=settings.kafka_bootstrap,
        clock=clock,
    )
    facts = Facts(store, Modes(dict(settings.consent_modes)))
    library = Library(content)
    desk = Desk(
        facts=facts,
        scribe=Scribe(facts, fold, publisher, clock, settings.oin),
        press=Press(content, library, settings.protection_step()),
        library=library,
        policy_of=settings.policy_of,
        clock=clock,
    )
    feed = Feed(facts)
    tokens = TokenCheck.of(settings, Problem)
    http = create(
        reading=Reading(facts, library), feed=feed, desk=desk, tokens=tokens, public_url=settings.public_url
    )
    service = Service(
        name="publication",
        settings=settings,
        publisher=publisher,
        folds=[fold],
        background=[feed.watch, desk.run],
        http=http,
        shutdown=[content.stop],
        clock=clock,
    )
    feed.stopping = service.stopping
    return service
