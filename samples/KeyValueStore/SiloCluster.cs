using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace KeyValueStore;

/// <summary>The silos of this process, each with its own folder of data. One can be stopped and started while the others go on.</summary>
internal sealed class SiloCluster(CommandLine options, Metrics metrics, PlainLog log)
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(7);
    private static readonly TimeSpan AbandonTimeout = TimeSpan.FromSeconds(2);

    private readonly Slot[] _slots = [.. options.Local.Select(node => new Slot(node))];
    private readonly Lock _publishing = new();
    private readonly CancellationTokenSource _ending = new();
    private volatile IServiceProvider[] _running = [];
    private int _turn;

    /// <summary>The silos' names and addresses.</summary>
    public IReadOnlyList<Node> Local => options.Local;

    /// <summary>True once all silos have run.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>True from the moment the program is told to end.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Services of a running silo, of each in turn; null when none runs.</summary>
    public IServiceProvider? AnySilo() => _running is { Length: > 0 } running ? running[(uint)Interlocked.Increment(ref _turn) % running.Length] : null;

    /// <summary>Whether a silo is one of this process's.</summary>
    public bool IsLocal(string name) => Find(name) is not null;

    /// <summary>Whether a silo of this process runs.</summary>
    public bool IsRunning(string name) => Find(name) is { Host: { } host } && Array.IndexOf(_running, host.Services) >= 0;

    /// <summary>Starts all silos at once: a group needs a majority of them before the first is of use.</summary>
    public async Task StartAllAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_slots.Select(slot => StartAsync(slot, cancellationToken)));
        await Founding.CheckAsync(this, options, cancellationToken);
        HasStarted = true;
        log.OnStarted();
    }

    /// <summary>Starts a silo that doesn't run.</summary>
    public Task StartAsync(string name, CancellationToken cancellationToken) => StartAsync(Find(name)!, cancellationToken);

    /// <summary>Stops a silo; its requests go to the others first.</summary>
    public Task StopAsync(string name) => StopAsync(Find(name)!, StopTimeout);

    /// <summary>Asks the health checks with a tag of all silos that should run.</summary>
    public async Task<(bool IsWell, string Text)> CheckAsync(string tag, CancellationToken cancellationToken)
    {
        if (tag == "ready" && (IsStopping || !HasStarted))
        {
            return (false, IsStopping ? "This process is stopping." : "The silos are starting.");
        }

        var (isWell, lines) = (true, new List<string?>());
        foreach (var silo in _running)
        {
            var report = await silo.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Tags.Contains(tag), cancellationToken);
            isWell &= report.Status != HealthStatus.Unhealthy;
            lines.AddRange(report.Entries.Values.Select(entry => entry.Description));
        }

        return (isWell, lines.Count == 0 ? "No silo runs here." : string.Join('\n', lines));
    }

    /// <summary>Refuses new requests from now on.</summary>
    public void BeginStop()
    {
        IsStopping = true;
        log.OnEnding();
        _ending.Cancel();
    }

    /// <summary>Stops all silos.</summary>
    public Task StopAllAsync()
    {
        BeginStop();
        return Task.WhenAll(_slots.Select(slot => StopAsync(slot, StopTimeout)));
    }

    private async Task StartAsync(Slot slot, CancellationToken cancellationToken)
    {
        // The first start waits for other silos; the end of the program ends that, too.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        await slot.Changing.WaitAsync(either.Token);
        try
        {
            if (slot.Host is null && !IsStopping)
            {
                var host = SiloHost.Build(slot.Node, options, log, reason => OnGivenUp(slot, reason));
                slot.Host = host;
                metrics.Watch(slot.Node.Name, host.Services.GetRequiredService<IMeterFactory>());
                await host.StartAsync(either.Token);
                Publish(host.Services, isRunning: true);
            }
        }
        finally
        {
            slot.Changing.Release();
        }
    }

    private async Task StopAsync(Slot slot, TimeSpan limit)
    {
        await slot.Changing.WaitAsync();
        try
        {
            if (slot.Host is { } host)
            {
                slot.Host = null;
                Publish(host.Services, isRunning: false);
                using var timeout = new CancellationTokenSource(limit);
                await host.StopAsync(timeout.Token);
                await ((IAsyncDisposable)host).DisposeAsync();
            }
        }
        finally
        {
            slot.Changing.Release();
        }
    }

    private void OnGivenUp(Slot slot, string reason)
    {
        if (slot.Host is { } host && !IsStopping)
        {
            Console.WriteLine($"{slot.Node.Name} was declared dead by the others and starts again. {reason}");
            Publish(host.Services, isRunning: false);
            _ = Task.Run(() => RestartAsync(slot));
        }
    }

    private async Task RestartAsync(Slot slot)
    {
        try
        {
            await StopAsync(slot, AbandonTimeout);
            await StartAsync(slot, CancellationToken.None);
        }
        catch (OperationCanceledException) when (IsStopping)
        {
            // The program ends anyway.
        }
        catch (Exception exception)
        {
            // Its folder may still be in use by what is left of it; a new process starts clean.
            Console.Error.WriteLine($"{slot.Node.Name} could not be started again: {exception.Message} The process ends; start it anew.");
            Environment.Exit(1);
        }
    }

    private void Publish(IServiceProvider silo, bool isRunning)
    {
        lock (_publishing)
        {
            _running = [.. _running.Where(other => other != silo), .. isRunning ? new[] { silo } : []];
        }
    }

    private Slot? Find(string name) => Array.Find(_slots, slot => slot.Node.Name == name);

    private sealed class Slot(Node node)
    {
        public Node Node { get; } = node;

        public SemaphoreSlim Changing { get; } = new(1);

        public IHost? Host { get; set; }
    }
}
