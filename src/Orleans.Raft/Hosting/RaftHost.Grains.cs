using Microsoft.Extensions.DependencyInjection;
using Orleans.Raft.Core;

namespace Orleans.Raft.Hosting;

/// <content>The grains of the silo's replicas, and handing leadership over before the silo stops.</content>
internal sealed partial class RaftHost
{
    private Task OnActiveAsync(CancellationToken cancellationToken)
    {
        _isActive = true;
        return Task.CompletedTask;
    }

    // A grain that was deactivated by somebody's wish is activated again; until then its replica runs on the endpoint's scheduler.
    private void AskGrainsToAdopt()
    {
        if (_time.GetElapsedTime(_lastAdoption) < TimeSpan.FromSeconds(1) || Interlocked.Exchange(ref _isAdopting, 1) != 0)
        {
            return;
        }

        _ = AdoptAllAsync();
    }

    private async Task AdoptAllAsync()
    {
        var grains = _services.GetRequiredService<IGrainFactory>();
        foreach (var runtime in _groups.Values)
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
                LogNotAdopted(_logger, runtime.Descriptor.Id, Silo, exception);
                break;
            }
        }

        _lastAdoption = _time.GetTimestamp();
        Volatile.Write(ref _isAdopting, 0);
    }

    private async Task HandOverAsync(CancellationToken cancellationToken)
    {
        _isActive = false;
        var leaders = _groups.Values.Where(HasSuccessor).ToArray();
        foreach (var runtime in leaders)
        {
            runtime.Replica!.PostHandOver(IsTransferTarget, "its silo stops");
        }

        // A bound, not a promise: what has not gone by then is elected away.
        var end = _clock.Now + (_options.TickInterval * _options.ElectionTicks);
        using var timer = new PeriodicTimer(_options.TickInterval, _time);
        while (leaders.Any(runtime => runtime.Client.Leader == runtime.Local) && _clock.Now < end)
        {
            if (!await timer.WaitForNextTickAsync(cancellationToken))
            {
                return;
            }
        }
    }

    private bool HasSuccessor(GroupRuntime runtime) =>
        runtime.Replica is not null && runtime.Client.Leader == runtime.Local && runtime.Descriptor.Members.Any(member => IsTransferTarget(member.Silo));

    private bool IsTransferTarget(string silo) =>
        !string.Equals(silo, Silo, StringComparison.Ordinal) && _silos.FindActive(silo) is not null && _lanes?.To(silo).PeerLife.IsDefault == false;
}
