using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Raft.Hosting;

/// <content>Saving states and cutting logs: one flush of the state store for all groups that need it.</content>
internal sealed partial class RaftHost
{
    private static readonly TimeSpan CompactionInterval = TimeSpan.FromSeconds(2);

    private async Task OpenStateStoreAsync(LogStoreSettings settings, CancellationToken cancellationToken)
    {
        var factory = _options.InMemory ? new MemoryStateStoreFactory() : _services.GetService<IStateStoreFactory>();
        _mayCompact = factory is not null;
        _stateStore = await (factory ?? new MemoryStateStoreFactory()).OpenAsync(settings, _store!, cancellationToken);
        _stateStore.Failed += OnStoreFailed;
    }

    private async Task CompactAsync(CancellationToken stopping)
    {
        if (!_mayCompact)
        {
            return;
        }

        using var timer = new PeriodicTimer(CompactionInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await CompactOnceAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The silo stops.
        }
        catch (Exception exception) when (exception is IOException)
        {
            // The state store has stopped. Its replicas fault with their next batch and say why; until then the logs just grow.
            LogCompactionFailed(_logger, Silo, exception);
        }
    }

    private async Task CompactOnceAsync(CancellationToken stopping)
    {
        List<Replica>? due = null;

        // A sleeping replica's log does not grow; what was left of it by a flush that failed is tried again now and then.
        var looksAtAll = _compactions++ % 15 == 0;
        foreach (var (_, runtime) in _groups)
        {
            if (runtime.Replica is { Fault: null } replica && (looksAtAll || !replica.IsAsleep) && (replica.MustCompact || replica.CompactableEntries >= _options.CompactionEntries))
            {
                (due ??= []).Add(replica);
            }
        }

        if (due is null)
        {
            return;
        }

        var saved = new List<Replica>();
        foreach (var replica in due)
        {
            if (await IsSavedAsync(replica, stopping))
            {
                saved.Add(replica);
            }
        }

        if (saved.Count > 0)
        {
            await _stateStore!.FlushAsync(stopping);
            saved.ForEach(replica => replica.PostCompact());
        }
    }

    private async Task<bool> IsSavedAsync(Replica replica, CancellationToken stopping)
    {
        try
        {
            return await replica.SaveAsync().WaitAsync(RequestTimeout, _time, stopping);
        }
        catch (TimeoutException)
        {
            // It has faulted meanwhile or is very busy; the next round asks again.
            return false;
        }
    }
}
