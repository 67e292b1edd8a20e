using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Orleans' membership table, kept in the clustering group.</summary>
internal sealed partial class RaftMembershipTable : IMembershipTable
{
    private static readonly TimeSpan AloneAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StartsKnownAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenLogs = TimeSpan.FromSeconds(10);

    private readonly ClusteringNode _node;
    private readonly string _ownSilo;
    private readonly ILogger _logger;
    private volatile TableView? _last;
    private volatile bool _isAlone;

    public RaftMembershipTable(ClusteringNode node, string ownSilo, ILogger<RaftMembershipTable> logger)
    {
        _node = node;
        _ownSilo = ownSilo;
        _logger = logger;
    }

    /// <summary>
    /// Waits until the group exists and answers. It has no limit of its own: the first start of a cluster waits for all voters, later ones for a
    /// majority (SAFETY-RULES A1, B3); now and then a line says for whom.
    /// </summary>
    /// <exception cref="OrleansConfigurationException">The group is not born, and most of the voters are configured with another list of voters.</exception>
    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken)
    {
        var hasWaited = false;
        while (true)
        {
            using var round = new CancellationTokenSource(BetweenLogs, _node.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(round.Token, cancellationToken);
            try
            {
                var reading = ReadKnowingStartsAsync(either.Token);
                while (await Task.WhenAny(reading, Task.Delay(BetweenLooks, _node.Time, CancellationToken.None)).ConfigureAwait(false) != reading)
                {
                    if (_node.FindWrongList(hasWaited) is not null)
                    {
                        await round.CancelAsync().ConfigureAwait(false);
                    }
                }

                await reading.ConfigureAwait(false);
                return;
            }
            catch (TableUnavailableException) when (!cancellationToken.IsCancellationRequested && _node.FindWrongList(hasWaited) is { } reason)
            {
                throw new OrleansConfigurationException(reason);
            }
            catch (TableUnavailableException) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException($"The start was ended while it waited for the clustering group. {_node.DescribeWaiting()}", cancellationToken);
            }
            catch (TableUnavailableException)
            {
                LogWaiting(_node.DescribeWaiting());
                hasWaited = true;
            }
        }
    }

    /// <summary>
    /// Voters that have just started declare rows of their earlier lives dead. The first read waits a moment for that, so that the start does not
    /// try to reach silos that are gone. The moment begins with the first answer: before it there was no leader to tell.
    /// </summary>
    private async Task ReadKnowingStartsAsync(CancellationToken cancellationToken)
    {
        long? begin = null;
        while (true)
        {
            _last = (await _node.Client.ReadAsync(isLinearizable: true, cancellationToken).ConfigureAwait(false)).View;
            _node.Learn(_last);
            begin ??= _node.Time.GetTimestamp();
            if (_node.KnowsAllStarts(_last) || _node.Time.GetElapsedTime(begin.Value) > StartsKnownAfter)
            {
                return;
            }

            await Task.Delay(BetweenReads, _node.Time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken)
    {
        if (clusterId != _node.ClusterId)
        {
            throw new ArgumentException($"The table belongs to cluster '{_node.ClusterId}', not to '{clusterId}'.", nameof(clusterId));
        }

        await ChangeAsync(new TableCommand { Kind = TableCommandKind.DeleteAll }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken) =>
        ChangeAsync(new TableCommand { Kind = TableCommandKind.Cleanup, Before = beforeDate.UtcTicks }, cancellationToken);

    /// <inheritdoc/>
    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken) =>
        TableMapping.ToData(await ReadAsync(cancellationToken).ConfigureAwait(false), key);

    /// <inheritdoc/>
    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken) =>
        TableMapping.ToData(await ReadAsync(cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken) =>
        ChangeAsync(
            new TableCommand
            {
                Kind = TableCommandKind.Insert,
                Row = TableMapping.ToRow(entry),
                Version = tableVersion.Version,
                VersionETag = TableMapping.ETag(tableVersion.VersionEtag),
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken) =>
        ChangeAsync(
            new TableCommand
            {
                Kind = TableCommandKind.Update,
                Row = TableMapping.ToRow(entry),
                Version = tableVersion.Version,
                VersionETag = TableMapping.ETag(tableVersion.VersionEtag),
                RowETag = TableMapping.ETag(etag),
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        var report = new AliveReport(entry.SiloAddress.ToParsableString(), TableMapping.Ticks(entry.IAmAliveTime));
        await _node.Client.ReportAliveAsync(report, limit.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion, CancellationToken.None);

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId, CancellationToken.None);

    /// <inheritdoc/>
    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate, CancellationToken.None);

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadRowAsync(key, CancellationToken.None);

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll() => ReadAllAsync(CancellationToken.None);

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion, CancellationToken.None);

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) =>
        UpdateRowAsync(entry, etag, tableVersion, CancellationToken.None);

    /// <inheritdoc/>
    public Task UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry, CancellationToken.None);

    private async Task<TableView> ReadAsync(CancellationToken cancellationToken)
    {
        if (_isAlone)
        {
            return _last!;
        }

        using var limit = Limit(cancellationToken);
        try
        {
            var view = (await _node.Client.ReadAsync(isLinearizable: true, limit.Token).ConfigureAwait(false)).View;
            _node.Learn(view);
            _last = view;
            return view;
        }
        catch (TableUnavailableException failure) when (_node.IsStopping && _last is not null && !cancellationToken.IsCancellationRequested)
        {
            BecomeAlone(failure.Message);
            return _last;
        }
    }

    private async Task<bool> ChangeAsync(TableCommand command, CancellationToken cancellationToken)
    {
        if (_isAlone)
        {
            return AcceptAlone(command);
        }

        using var limit = Limit(cancellationToken);
        try
        {
            return await _node.Client.ChangeAsync(command, limit.Token).ConfigureAwait(false) is TableResult.Done;
        }
        catch (TableUnavailableException failure) when (_node.IsStopping && IsOwnEnd(command) && !cancellationToken.IsCancellationRequested)
        {
            BecomeAlone(failure.Message);
            return AcceptAlone(command);
        }
    }

    // For the other silos this one will have crashed; they find out by probing, as they would anyway (SAFETY-RULES B2).
    private bool AcceptAlone(TableCommand command)
    {
        if (!IsOwnEnd(command))
        {
            throw new TableUnavailableException($"This silo is stopping and no majority of voters answers; {command} cannot be done.");
        }

        if (_last is { } last)
        {
            var row = command.Row! with { ETag = last.Rows.TryGetValue(command.Row.Silo, out var present) ? present.ETag : 0 };
            _last = last with { Version = command.Version, Rows = last.Rows.SetItem(row.Silo, row) };
        }

        return true;
    }

    private bool IsOwnEnd(TableCommand command) =>
        command.Row is { } row && row.Silo == _ownSilo && ((SiloStatus)row.Status).IsTerminating();

    private void BecomeAlone(string reason)
    {
        if (!_isAlone)
        {
            _isAlone = true;
            LogAlone(reason);
        }
    }

    private OperationLimit Limit(CancellationToken cancellationToken) =>
        new(_node.OperationTimeout, _node.Stopping, AloneAfter, _node.Time, cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Membership table waits for the clustering group. {Waiting}")]
    private partial void LogWaiting(string waiting);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Membership table: this silo is stopping and no majority of voters answers, so its end is noted here only. {Reason}")]
    private partial void LogAlone(string reason);
}
