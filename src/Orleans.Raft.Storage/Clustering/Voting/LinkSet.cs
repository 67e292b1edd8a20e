using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.Security;
using Microsoft.Extensions.Logging;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// Links to all voters that configuration or the replicated state names. Addresses are hints: configured and recorded ones are
/// both tried, and the handshake decides (SAFETY-RULES B10).
/// </summary>
internal sealed class LinkSet : IAsyncDisposable
{
    private readonly string _self;
    private readonly Handshake _handshake;
    private readonly ImmutableSortedDictionary<string, string> _configured;
    private readonly SslClientAuthenticationOptions? _tls;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, Link> _links = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _recorded = new(StringComparer.Ordinal);

    public LinkSet(
        string self,
        Handshake handshake,
        ImmutableSortedDictionary<string, string> configured,
        SslClientAuthenticationOptions? tls,
        TimeProvider time,
        ILogger logger)
    {
        _self = self;
        _handshake = handshake;
        _configured = configured;
        _tls = tls;
        _time = time;
        _logger = logger;
    }

    /// <summary>Raised when a link's connection stands or has ended.</summary>
    public event Action<Link>? Changed;

    /// <summary>All links.</summary>
    public IEnumerable<Link> All => _links.Values;

    /// <summary>Dials all configured voters.</summary>
    public void Start()
    {
        foreach (var name in _configured.Keys)
        {
            Ensure(name);
        }
    }

    /// <summary>The link to a voter, or none.</summary>
    public Link? Find(string name) => _links.GetValueOrDefault(name);

    /// <summary>Notes who votes now and where, dialing whom it does not know yet. Links to former voters stay: configuration may name them.</summary>
    public void Learn(IEnumerable<VoterBinding> voters)
    {
        foreach (var voter in voters)
        {
            if (voter.Address.Length > 0)
            {
                _recorded[voter.Name] = voter.Address;
            }

            Ensure(voter.Name);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links.Values)
        {
            await link.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Ensure(string name)
    {
        if (name == _self || _links.ContainsKey(name))
        {
            return;
        }

        var link = new Link(name, _handshake, Addresses, _tls, _time, _logger);
        if (_links.TryAdd(name, link))
        {
            link.Changed += changed => Changed?.Invoke(changed);
            link.Start();
        }
    }

    private List<string> Addresses(string name)
    {
        var addresses = new List<string>(2);
        if (_configured.TryGetValue(name, out var configured))
        {
            addresses.Add(configured);
        }

        if (_recorded.TryGetValue(name, out var recorded) && recorded != configured)
        {
            addresses.Add(recorded);
        }

        return addresses;
    }
}
