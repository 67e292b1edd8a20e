using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Orleans.Raft.Hosting;

/// <summary>Raft's health as a health check: whether something is broken, or whether the silo is ready.</summary>
internal sealed class RaftHealthCheck(RaftHost host, bool asksReadiness) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var health = host.GetHealth();
        var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["silo"] = health.Silo, ["oldestWriteMs"] = health.OldestWrite.TotalMilliseconds };
        foreach (var (group, fault) in health.Faulted)
        {
            data[$"faulted {group}"] = fault;
        }

        foreach (var (group, why) in health.NotReady)
        {
            data[$"not ready {group}"] = why;
        }

        var isWell = asksReadiness ? health.IsReady : !health.IsBroken;
        return Task.FromResult(new HealthCheckResult(isWell ? HealthStatus.Healthy : context.Registration.FailureStatus, health.Describe(), data: data));
    }
}
