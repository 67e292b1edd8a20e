using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// Gateways for clients, from whatever voter answers: its own state is good enough, so that clients find their way
/// also while no majority is there.
/// </summary>
internal sealed class RaftGatewayListProvider : IGatewayListProvider, IAsyncDisposable
{
    private readonly ClusteringNode _node;
    private readonly GatewayOptions _options;

    public RaftGatewayListProvider(ClusteringNode node, IOptions<GatewayOptions> options)
    {
        _node = node;
        _options = options.Value;
    }

    /// <inheritdoc/>
    public TimeSpan MaxStaleness => _options.GatewayListRefreshPeriod;

    /// <inheritdoc/>
    public bool IsUpdatable => true;

    /// <inheritdoc/>
    public Task InitializeGatewayListProvider() => _node.StartAsync(CancellationToken.None);

    /// <inheritdoc/>
    public Task InitializeGatewayListProviderAsync(CancellationToken cancellationToken) => _node.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IList<Uri>> GetGateways() => GetGatewaysAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async Task<IList<Uri>> GetGatewaysAsync(CancellationToken cancellationToken)
    {
        using var limit = new OperationLimit(_node.OperationTimeout, CancellationToken.None, TimeSpan.Zero, _node.Time, cancellationToken);
        var view = (await _node.Client.ReadAsync(isLinearizable: false, limit.Token).ConfigureAwait(false)).View;
        _node.Learn(view);
        return
        [
            .. view.Rows.Values
                .Where(static row => row.Status == (int)SiloStatus.Active && row.ProxyPort > 0)
                .Select(static row => Gateway(row)),
        ];
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private static Uri Gateway(SiloRow row)
    {
        var silo = SiloAddress.FromParsableString(row.Silo);
        return SiloAddress.New(silo.Endpoint.Address, row.ProxyPort, silo.Generation).ToGatewayUri();
    }
}
