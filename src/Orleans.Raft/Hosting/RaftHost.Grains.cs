using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Raft.Hosting;

/// <content>The grains of the silo's replicas.</content>
internal sealed partial class RaftHost
{
    private Task OnActiveAsync(CancellationToken cancellationToken)
    {
        _isActive = true;
        _isAdoptionDue = true;
        return Task.CompletedTask;
    }

    // A grain that was deactivated by somebody's wish is activated again; until then its replica runs on the endpoint's scheduler.
    private void AskGrainsToAdopt()
    {
        if (!_isAdoptionDue || _time.GetElapsedTime(_lastAdoption) < TimeSpan.FromSeconds(1) || Interlocked.Exchange(ref _isAdopting, 1) != 0)
        {
            return;
        }

        // Before the look: what becomes due meanwhile is looked at in the next round.
        _isAdoptionDue = false;
        _ = AdoptAllAsync();
    }

    private async Task AdoptAllAsync()
    {
        var grains = _services.GetRequiredService<IGrainFactory>();
        foreach (var (_, runtime) in _groups)
        {
            if (!_isActive || runtime.Replica is not { Fault: null } replica || !replica.IsOn(_endpoint))
            {
                continue;
            }

            try
            {
                await grains.GetGrain<IReplicaGrain>(ReplicaKey.Of(runtime.Descriptor.Id, Silo)).AdoptAsync();
            }
            catch (Exception exception)
            {
                // The replica runs all the same; the grain is asked again in a second.
                _isAdoptionDue = true;
                LogNotAdopted(_logger, runtime.Descriptor.Id, Silo, exception);
                break;
            }
        }

        _lastAdoption = _time.GetTimestamp();
        Volatile.Write(ref _isAdopting, 0);
    }
}
