using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>What a process needs to take part; from the options, checked.</summary>
internal sealed record ClusteringNodeSettings
{
    /// <summary>The voter's settings; of other processes only name, cluster and voters count.</summary>
    public required VoterSettings Voter { get; init; }

    /// <summary>False in a client, which need not know all voters.</summary>
    public bool IsSilo { get; init; }

    /// <summary>Where a voter listens; null in a process that doesn't vote.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Where a voter keeps its log.</summary>
    public string Directory { get; init; } = "";

    /// <summary>The service the data belongs to.</summary>
    public string ServiceId { get; init; } = "";

    public string Secret { get; init; } = "";

    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public SslServerAuthenticationOptions? ServerTls { get; init; }

    public SslClientAuthenticationOptions? ClientTls { get; init; }
}

/// <summary>
/// Everything of clustering that lives in one process: links to the voters, the client of the table, and, in a voter, its store, replica and
/// listener. In a silo it is up from before the membership table is first asked until after the silo's row is dead (B2).
/// </summary>
internal sealed class ClusteringNode : IAsyncDisposable
{
    private readonly ClusteringNodeSettings _settings;
    private readonly ILogStoreFactory? _stores;
    private readonly ILoggerFactory _loggers;
    private readonly Handshake _handshake;
    private readonly LinkSet _links;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _changing = new(1);
    private ILogStore? _store;
    private volatile Voter? _voter;
    private Listener? _listener;
    private bool _isStarted;
    private bool _isDisposed;

    /// <summary>Creates a node that does nothing yet.</summary>
    /// <param name="settings">What it goes by.</param>
    /// <param name="stores">Opens the store of a voter.</param>
    /// <param name="time">For all waits.</param>
    /// <param name="loggers">For its logs.</param>
    public ClusteringNode(ClusteringNodeSettings settings, ILogStoreFactory? stores, TimeProvider time, ILoggerFactory loggers)
    {
        _settings = settings;
        _stores = stores;
        _loggers = loggers;
        Time = time;
        _handshake = new Handshake(
            ClusterId,
            settings.Secret,
            () => _voter?.Self ?? new PeerIdentity(Name, Guid.Empty, 0, Guid.Empty),
            settings.IsSilo ? string.Join(',', settings.Voter.Voters.Keys) : "");
        _links = new LinkSet(Name, _handshake, settings.Voter.Voters, settings.ClientTls, time, loggers.CreateLogger<LinkSet>());
        Client = new TableClient(Servers, time);
    }

    public string Name => _settings.Voter.Name;

    public string ClusterId => _settings.Voter.Cluster;

    public TimeProvider Time { get; }

    public TimeSpan OperationTimeout => _settings.OperationTimeout;

    /// <summary>The table.</summary>
    public TableClient Client { get; }

    /// <summary>This process's voter, if it is one and has been started.</summary>
    public Voter? Voter => _voter;

    /// <summary>Connections to this process's voter that are open.</summary>
    public int ConnectionCount => _listener?.ConnectionCount ?? 0;

    /// <summary>Cancelled when the silo begins to stop.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Opens the store, listens, dials. Waits for nobody.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isStarted)
            {
                return;
            }

            _isStarted = true;
            if (_settings.Listen is { } address)
            {
                await StartVoterAsync(address, cancellationToken).ConfigureAwait(false);
            }

            _links.Start();
            _voter?.Start();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>From now on nobody waits long for a majority.</summary>
    public void BeginStop() => _stopping.Cancel();

    /// <summary>Notes where voters can be reached.</summary>
    public void Learn(TableView view) => _links.Learn(view.Voters.Values);

    /// <summary>Whether the table knows of the present life of every voter that is connected: until then rows of an earlier one may look alive.</summary>
    public bool KnowsAllStarts(TableView view) => view.Voters.Values.All(bound =>
        (bound.Name == Name ? _voter?.Self : _links.Find(bound.Name)?.Peer) is not { } peer
        || peer.Store != bound.Store || peer.OpenCounter <= bound.OpenCounter);

    /// <summary>
    /// Why this process's list of voters can't be the one that the group will be born of: a majority of those it names has another one. Null as long as that is not so.
    /// </summary>
    /// <param name="hasWaited">True when all have had time to start: then it is enough that more of those that run have another list than have this one.</param>
    public string? FindWrongList(bool hasWaited)
    {
        var differences = _links.All.Select(static link => link.Difference).OfType<string>().ToList();
        var alike = _links.All.Count(static link => link.Peer is not null) + (_voter is null ? 0 : 1);
        return differences.Count * 2 > _settings.Voter.Voters.Count || (hasWaited && differences.Count > alike)
            ? $"{Name} can't take part in the cluster's birth: {string.Join("; ", differences)}."
            : null;
    }

    /// <summary>For whom the process waits, for people.</summary>
    public string DescribeWaiting()
    {
        var own = _voter?.Trouble is { Length: > 0 } trouble ? $"{Name}: {trouble}. " : "";
        var away = _links.All.Where(static link => link.Peer is null).Select(static link => $"{link.Name} ({link.Trouble})").ToList();
        return own + (away.Count == 0 ? $"All voters are connected; last answer: {Client.Trouble}" : $"Not connected: {string.Join(", ", away)}.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _changing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            await _stopping.CancelAsync().ConfigureAwait(false);
            await StopVoterAsync().ConfigureAwait(false);
            await _links.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task StartVoterAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        _store = await _stores!.OpenAsync(new LogStoreSettings(_settings.Directory, _settings.ServiceId, Name), cancellationToken).ConfigureAwait(false);
        try
        {
            var voterStore = await VoterStore.OpenAsync(_store, cancellationToken).ConfigureAwait(false);
            _voter = new Voter(_settings.Voter, voterStore, _links, Time, _loggers.CreateLogger<Voter>());
            _listener = new Listener(_handshake, _voter, _settings.ServerTls, Time, _loggers.CreateLogger<Listener>());
            _listener.Start(address);
        }
        catch (SocketException failure)
        {
            await StopVoterAsync().ConfigureAwait(false);
            throw new InvalidOperationException(
                $"Clustering voter {Name} cannot listen on {address}: {failure.Message}. Its port is its own, beside silo and gateway port; "
                + "see RaftClusteringOptions.Voters and BindAddress.",
                failure);
        }
        catch
        {
            await StopVoterAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task StopVoterAsync()
    {
        if (_voter is { } voter)
        {
            await voter.DisposeAsync().ConfigureAwait(false);
        }

        if (_listener is { } listener)
        {
            await listener.DisposeAsync().ConfigureAwait(false);
        }

        if (_store is { } store)
        {
            await store.DisposeAsync().ConfigureAwait(false);
        }

        (_listener, _store) = (null, null);
    }

    // The own voter first: it answers without a connection.
    private List<ITableServer> Servers()
    {
        var servers = new List<ITableServer>();
        if (_voter is { Trouble.Length: 0 } voter)
        {
            servers.Add(voter);
        }

        servers.AddRange(_links.All.OrderBy(static link => link.Peer is null));
        if (servers.Count == 0 && _voter is { } alone)
        {
            servers.Add(alone);
        }

        return servers;
    }
}
