using Orleans.Raft.Core;
using Orleans.Raft.Hosting;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Pages of one group as of one index: of a view that stays open on the replica that gave the first one.</summary>
internal sealed class GroupExport(IReplicaReads group, int pageBytes) : IAsyncDisposable
{
    private ReplicaId _replica;
    private Guid _view;
    private ReadOnlyMemory<byte> _next;
    private bool _isOpen;

    /// <summary>The next page.</summary>
    /// <exception cref="RaftException">The view is gone, with its replica, or because nobody read on for a while. The export must be begun anew.</exception>
    public async Task<ExportPage> NextAsync(CancellationToken cancellationToken)
    {
        ReplicaAnswer answer;
        try
        {
            answer = await group.ReadOnAsync(GrainQuery.Export(_view, _next, pageBytes).Encode(), _replica, cancellationToken);
        }
        catch (RaftException exception) when (_isOpen)
        {
            _isOpen = false;
            throw new RaftException(
                $"{group.Id}: replica {_replica} can't go on with the export that it began: it has stopped, or nobody read on for {HeldViews.IdleLimit}. "
                + "Begin the export anew; what it gave so far is of another index.",
                exception);
        }

        var page = ExportPage.Decode(group.Id, answer.Answer);
        (_replica, _view, _next, _isOpen) = (answer.By, page.View, page.Next, true);
        return page;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isOpen)
        {
            try
            {
                await group.ReadOnAsync(GrainQuery.Export(_view, default, 0).Encode(), _replica, CancellationToken.None);
            }
            catch (RaftException)
            {
                // All pages were read, or nobody wants more; a view that can't be closed now closes itself.
            }
        }
    }
}
