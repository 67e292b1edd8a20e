using System.Net;
using Orleans.Raft.Storage.Clustering;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>A listener with a handler that does as the test says.</summary>
internal sealed class StubHandler : ITransportHandler, IAsyncDisposable
{
    private readonly Listener _listener;

    public StubHandler(LogLines log, System.Net.Security.SslServerAuthenticationOptions? tls = null)
    {
        _listener = new Listener(Greeter("s1"), this, tls, TimeProvider.System, log);
        _listener.Start(new IPEndPoint(IPAddress.Loopback, 0));
    }

    public int Port => _listener.EndPoint.Port;

    public Action OnMessage { get; set; } = static () => { };

    public Task<Answer> Answer { get; set; } = Task.FromResult(new Answer(AnswerStatus.Ok));

    public static Handshake Greeter(string name)
    {
        var store = Guid.NewGuid();
        return new Handshake("test", "secret", () => new PeerIdentity(name, store, 1, Guid.Empty));
    }

    public string? Admit(PeerIdentity peer) => null;

    public void OnRaft(PeerIdentity peer, ReadOnlyMemory<byte> body) => OnMessage();

    public Task<Answer> AnswerAsync(PeerIdentity peer, FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => Answer;

    public ValueTask DisposeAsync() => _listener.DisposeAsync();
}
