"""
The seams: what routers provide, and what users may provide to them.

These interfaces are the stable part of the API. Every Deferred may be awaited;
every callback may be a plain function, a coroutine function, or return a
Deferred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from zope.interface import Attribute, Interface

from .names import ANY

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import ITransport

    from .core.delivery import Listener
    from .core.info import Gap, SenderInfo
    from .core.listeners import Subscription
    from .core.permission import Decision, Verb
    from .core.requests import Handler
    from .core.signals import Sender
    from .errors import PysigError
    from .net.peers import PeerInfo
    from .wire.conversation import Role


class IRouter(Interface):
    """
    Brings senders, listeners and requests together.

    It is provided by L{Router<pysig_twisted.Router>} (within one process),
    L{ServerRouter<pysig_twisted.ServerRouter>} (in a server's process) and
    L{ClientRouter<pysig_twisted.ClientRouter>} (over a network), so that a component written
    against it runs with any of them.
    """

    def addSender(
        name: str,
        events: str | Iterable[str] = (),
        requests: Mapping[str | None, Handler] | None = None,
    ) -> Sender:
        """
        Declare a sender.

        @param name: its name, unique among all senders of the router. Should it
            be taken, the sender's state becomes C{refused}, which is logged,
            and its C{whenSettled()} fails with L{NameTaken<pysig_twisted.errors.NameTaken>}.
        @param events: the events it will fire.
        @param requests: what it answers: C{handler(params)} by method, and
            under C{None} C{handler(method, params)} for all other methods.
        @raise BadName: a name that no sender, event or method can have.
        @raise BadRequest: C{requests} is not a mapping to callables.
        """

    def removeSender(sender: str | Sender, *, reason: str = "closed") -> bool:
        """
        Take a sender back.

        @param reason: why, for those who are told by C{#disconnect}: one word of at
            most 32 letters C{a-z} and C{-}, such as C{unplugged}.
        @return: was it one of this router's own, and not removed before?
        @raise BadRequest: C{reason} is not such a word, or one that only routers
            give (C{lost}, C{timeout}, C{replaced}, C{kicked}, C{link}).
        """

    def getSender(name: str) -> Sender | None:
        """
        The sender of that name, if it was added here.
        """

    def addListener(
        listener: Listener,
        sender: str | None = ANY,
        event: str | None = ANY,
        *,
        replay: int | Literal["last"] | None = None,
        snapshot: bool = False,
        onGap: Callable[[Gap], object] | None = None,
        concurrency: int = 1,
    ) -> Subscription:
        """
        Have C{listener(info, data)} called with events.

        The sender need not exist yet, nor offer the event: the subscription
        waits until one does.

        @param sender: a name, a pattern (C{"dev*"}), or L{ANY}.
        @param event: a name, a pattern, or L{ANY}, which includes C{#connect}
            and C{#disconnect}. An event whose name begins with C{#} is a
            channel, which is listened to with C{(ANY, "#name")}.
        @param replay: hear first, in order and with C{info.replayed}, what the senders
            that are here have fired before: C{"last"}, the newest event of each name,
            or a number, so many of the newest events of each sender. That happens
            once, as far as the router remembers them; a sender that goes takes them
            with it. Then come events as they are fired.
        @param snapshot: where the subscription includes C{#connect}, tell first
            which senders are connected already, as if they came just now.
        @param onGap: told which events the listener missed.
        @param concurrency: how many awaitables of the listener may run at
            once; with more than 1, it may see events end out of order.
        @raise BadName: neither names nor patterns.
        @raise BadRequest: the router remembers nothing that it could replay, or an
            argument cannot be used.
        """

    def removeListener(
        listener: Listener, sender: str | None = ANY, event: str | None = ANY
    ) -> bool:
        """
        End the first subscription of this listener to just this.

        @return: was there one?
        """

    def request(
        sender: str, method: str, params: Any = None, *, timeout: float = 30.0
    ) -> Deferred[Any]:
        """
        Ask a sender.

        @param timeout: seconds; more than 600 count as 600.
        @return: a Deferred with the answer. It always fires: with the reply,
            or with L{NoSuchSender<pysig_twisted.errors.NoSuchSender>},
            L{NoSuchMethod<pysig_twisted.errors.NoSuchMethod>},
            L{RemoteError<pysig_twisted.errors.RemoteError>} (the handler raised),
            L{RequestTimeout<pysig_twisted.errors.RequestTimeout>},
            L{SenderGone<pysig_twisted.errors.SenderGone>},
            L{Busy<pysig_twisted.errors.Busy>} or, over a network,
            L{NotConnected<pysig_twisted.errors.NotConnected>} or
            L{LinkLost<pysig_twisted.errors.LinkLost>}. Cancelling it cancels the handler.
        """

    def senders(pattern: str = "*") -> Deferred[list[SenderInfo]]:
        """
        The connected senders whose names match, sorted by name.

        The router's own are listed only for a pattern that begins with C{$}.
        """

    def flush() -> Deferred[None]:
        """
        A Deferred that fires when the router has taken, or refused, all that
        was fired before.
        """

    def ready() -> Deferred[None]:
        """
        A Deferred that fires when there is room for more events: at once,
        unless much that was fired waits to be sent. For loops that fire faster
        than a network carries.
        """


class IConnectionObserver(Interface):
    """
    Is told each time something happens to a connection.
    """

    def connected(peer: PeerInfo) -> None:
        """
        A connection is ready; what was declared has been declared to it.
        """

    def disconnected(peer: PeerInfo, reason: PysigError) -> None:
        """
        A connection that was ready has ended.
        """

    def refused(declaration: Sender | Subscription, error: PysigError) -> None:
        """
        A router refused a sender or a subscription of ours, or events of that
        sender; of those it tells at most once a second.
        """


class ICodec(Interface):
    """
    An encoding of payloads: the data of events, and the parameters and
    answers of requests.
    """

    name: str = Attribute("The name by which the two ends of a connection agree on it.")
    id: int = Attribute("The number in frames: 128 to 255 for codecs of your own.")

    def encode(value: Any) -> bytes:
        """
        @raise BadData: the value cannot be encoded.
        """

    def decode(data: bytes) -> Any:
        """
        @raise BadData: these bytes do not decode.
        """


class IWire(Interface):
    """
    A message format: which bytes stand for which message.

    Messages are the classes of L{pysig_twisted.wire.messages}, and
    L{Run<pysig_twisted.wire.runs.Run>} for events. A wire says how they look, not
    which are said when: that is the same whatever the format.
    """

    name: str = Attribute("What to call it in logs.")

    def session(side: Role, write: Callable[[bytes], None]) -> IWireSession:
        """
        The format at work on one new connection.

        Whatever it raises ends the connection.

        @param side: which side is ours.
        @param write: sends bytes, at any time.
        """


class IWireSession(Interface):
    """
    A L{IWire} at work on one connection.
    """

    held: int = Attribute("How many bytes wait here for the rest of their message.")

    def feed(data: bytes) -> Iterable[Any]:
        """
        The messages that bytes from the other side complete, in order. How the
        stream was cut must not matter.

        @raise ProtocolError: the stream cannot be read; the connection will end
            with that message.
        """

    def send(message: Any) -> None:
        """
        Write this message. Whatever it raises is logged, and ends the connection:
        what cannot be written would be missing without a word.
        """


class IReloadable(Interface):
    """
    What an endpoint to listen on provides besides, if it has files that change, such as
    certificates. Whoever listens on it has them read again when it is told to reload.
    """

    def reload() -> None:
        """
        Read them again, for the connections that come from now on. Those that are open stay as
        they are.

        @raise ConfigError: they cannot be used, and all stays as it was.
        """


class IAuthenticator(Interface):
    """
    Finds out who is at the other end of a connection.
    """

    def login(credentials: Mapping[str, Any] | None, transport: ITransport) -> Deferred[str]:
        """
        @param credentials: what HELLO says; C{None} if it says nothing. Untrusted: any JSON object.
        @param transport: the connection, for what the carrier proves: a certificate, a user of
            this machine. A TLS handshake is over.
        @return: a Deferred with the principal: 1 to 255 bytes of UTF-8, without control
            characters and without C{*}. It fails with
            L{NotAuthenticated<pysig_twisted.errors.NotAuthenticated>}, whose message the client
            is told; or with L{Busy<pysig_twisted.errors.Busy>} where too many logins are being
            checked. Cancelling it gives the check up.
        """


class IPolicy(Interface):
    """
    Decides who may do what.
    """

    def decide(principal: str, verb: Verb, sender: str, name: str | None) -> Decision:
        """
        @param principal: who.
        @param sender: the concrete name of a sender, never a pattern.
        @param name: the concrete name of the event or the method; C{None} for
            L{Verb.SEND<pysig_twisted.core.permission.Verb.SEND>}.
        @return: the decision. The same question has the same answer for as long as the policy
            is in force; to change one's mind one gives the router another policy.
        """

    def mayEver(principal: str, verb: Verb, sender: str | None, name: str | None) -> Decision:
        """
        Could something that matches these patterns be allowed? So that who can hear nothing at
        all is refused, rather than left to wait.

        @param sender: a name, a pattern, or C{None} for any.
        @param name: a name, a pattern, or C{None} for any.
        """
